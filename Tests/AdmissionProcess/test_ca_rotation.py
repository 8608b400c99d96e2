"""A Pod that was injected before a rotation of the CA, with the real sidecar, after a restart of its node: what the
sidecar has learned was in memory, so only the CAs of its injection are left."""

import argparse
import json
import shutil
import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import child_process
import cluster_identity
import jsonpatch
import pytest
from built_programs import REPOSITORY, built_gateway, built_sidecar
from gateway_program import OWN_AUDIENCE
from waiting import until

from .gateway_process import PODS, Gateway, patch

COMPILER = shutil.which("clang") or shutil.which("cc")
pytestmark = pytest.mark.skipif(COMPILER is None, reason="a C compiler is missing")

CREATED = -3290
"""Days. The CA is ten years valid. It is replaced after eight years, and the new one issues a year later."""
ANNOUNCED = CREATED + 2921


class SelfSigned(Gateway):
    """A gateway whose token listener serves the certificate of its own CA, with a clock that can be shifted."""

    def write(self) -> Path:
        file = super().write()
        configuration = json.loads(file.read_text())
        del configuration["tls"]
        new = self.folder / "gateway.yaml.new"
        new.write_text(json.dumps(configuration))
        return new.rename(file)

    def at(self, days: int) -> "SelfSigned":
        """Starts the gateway at another day; its monotonic clock is not shifted."""
        library = self.folder / "shifted_clock.so"
        if not library.exists():
            source = REPOSITORY / "Tests/Peers/shifted_clock.c"
            subprocess.run([str(COMPILER), "-shared", "-fPIC", "-o", library, source], check=True)
        self.more = {"LD_PRELOAD": str(library), "CLOCK_OFFSET": str(days * 86_400)} if days else {}
        self.serve()
        return self

    def context(self) -> ssl.SSLContext:
        """The clock of this process is not shifted, so it can verify no certificate of another day. The sidecar does."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context

    @property
    def identity_states(self) -> list[str]:
        return [one["state"] for one in json.loads((self.keys / "serving.json").read_text())["authorities"]]

    def sidecar(self) -> dict[str, str]:
        """The variables of the sidecar in a Pod that is injected now."""
        pod = json.loads((PODS / "plain.json").read_text())
        made = jsonpatch.apply_patch(pod, patch(self.review(pod)))
        return {one["name"]: one["value"] for one in made["spec"]["initContainers"][0]["env"]}


@pytest.fixture
def gateway(make: Callable[..., Gateway], tmp_path: Path) -> Iterator[SelfSigned]:
    like = make()
    started = SelfSigned(built_gateway(), tmp_path, like.identity, like.pki)
    started.injection = {}
    yield started
    started.kill()
    started.check_nothing_secret_was_said()


class Node:
    """The volumes and the sidecar of one Pod."""

    def __init__(self, gateway: SelfSigned, folder: Path, injected: dict[str, str]) -> None:
        self.tokens = folder / "tokens"
        (folder / "subject").parent.mkdir(parents=True, exist_ok=True)
        options = argparse.Namespace(
            namespace="default", serviceaccount="web", pod="web-0", node="node-1", audience=[OWN_AUDIENCE], ttl=3600,
            not_before=0,
        )  # fmt: skip
        (folder / "subject").write_text(cluster_identity.token(gateway.identity, options))
        self.environment = {
            **injected,
            "STS_SERVER": f"https://127.0.0.1:{gateway.port}",
            "STS_SUBJECT_TOKEN_FILE": str(folder / "subject"),
            "STS_TOKEN_DIRECTORY": str(self.tokens),
            "STS_TERMINATION_LOG": str(folder / "termination"),
        }

    def boot(self) -> None:
        """Empties the memory-backed volume."""
        shutil.rmtree(self.tokens, ignore_errors=True)
        self.tokens.mkdir()

    def fetch(self, **more: str) -> subprocess.CompletedProcess[str]:
        return child_process.run([built_sidecar(), "once"], env={**self.environment, **more})


def cas(variables: dict[str, str]) -> list[str]:
    return variables["STS_CA_CERTIFICATES"].split("-----END CERTIFICATE-----\n")[:-1]


def test_a_pod_starts_again_after_the_ca_that_was_announced_at_its_injection_issues(
    gateway: SelfSigned, tmp_path: Path
) -> None:
    before: dict[str, Any] = gateway.at(CREATED).sidecar()
    assert gateway.identity_states == ["issuing"] and len(cas(before)) == 1
    gateway.stop()

    gateway.at(ANNOUNCED)
    until(lambda: gateway.identity_states == ["issuing", "next"], "the announcement of a CA")
    both = until(lambda: found if len(cas(found := gateway.sidecar())) == 2 else None, "a Pod with both CAs")
    assert cas(both)[0] == cas(before)[0]
    gateway.stop()

    gateway.at(0)
    until(lambda: gateway.identity_states == ["issuing", "trusted"], "the rotation")
    until(lambda: cas(gateway.sidecar())[0] == cas(both)[1], "the new CA in force")

    pod = Node(gateway, tmp_path / "both", both)
    for _ in range(2):
        pod.boot()
        done = pod.fetch()
        assert done.returncode == 0, done.stderr
        assert (pod.tokens / "one/token").read_text().count(".") == 2
    # The Pod that was injected before the announcement is the one that readiness and log name: it does not start.
    pod = Node(gateway, tmp_path / "before", before)
    pod.boot()
    done = pod.fetch(STS_DEADLINE="3s")
    assert done.returncode == 69 and "certificate" in done.stderr, done.stderr
