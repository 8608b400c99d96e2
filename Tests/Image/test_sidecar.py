"""The sidecar in a container of its image, with a gateway in another container."""

import argparse
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import child_process
import cluster_identity
import pytest
from conftest import SERVED, needs_root
from container import ANY_OTHER, NONROOT, Container, end
from gateway_program import OWN_AUDIENCE
from layout import Archive
from name_server import NameServer
from packed_gateway import PackedGateway
from test_gateway import USERS, mount_names
from waiting import until

pytestmark = needs_root
TOKENS, SUBJECT = "/var/run/secrets/sts", "/var/run/secrets/sts-gateway/serviceaccount"
"""The defaults of the sidecar."""


@pytest.fixture(params=USERS)
def container(
    request: pytest.FixtureRequest, sidecar_image: Archive, new_container: Callable[..., Container], shared: Path
) -> Container:
    """With the volumes that the webhook adds."""
    made = new_container(sidecar_image, *request.param)
    (made.folder / "tokens").mkdir()
    (made.folder / "subject").mkdir()
    options = argparse.Namespace(
        namespace="default", serviceaccount="web", pod="web-0", node="node-1", audience=[OWN_AUDIENCE], ttl=3600,
        not_before=0,
    )  # fmt: skip
    subject = made.folder / "subject/token"
    subject.write_text(cluster_identity.token(shared / "cluster", options))
    os.chown(subject, made.user, made.group)
    subject.chmod(0o400)
    made.add_volume(TOKENS, made.folder / "tokens", is_writable=True)
    made.add_volume(SUBJECT, made.folder / "subject")
    return made


def test_it_prints_its_version(container: Container, sidecar_image: Archive) -> None:
    ended = container.run("--version")
    version = sidecar_image.container["Labels"]["org.opencontainers.image.version"]
    assert (ended.returncode, ended.stdout) == (0, f"sts-sidecar {version}\n")


def test_it_refreshes_a_token_of_the_packed_gateway(
    container: Container, new_gateway: Callable[..., PackedGateway], shared: Path
) -> None:
    """It resolves the gateway by DNS, and trusts its certificate by the bundle at the image's path."""
    gateway = new_gateway(NONROOT if container.user == ANY_OTHER else ANY_OTHER)
    gateway.serve()
    token = container.folder / "tokens/one/token"
    with NameServer(SERVED, "127.0.0.1") as names:
        mount_names(container, names, (shared / "pki/ca.pem").read_bytes())
        environment = {"STS_SERVER": f"https://{SERVED}:{gateway.port}", "STS_ENDPOINTS": "one"}
        command = container.command(*container.archive.container["Cmd"], **environment)
        with (container.folder / "log").open("wb") as log:
            process = child_process.start(command, stderr=log)
        try:
            until(token.exists, "a token")
            assert SERVED in names.asked
            assert container.run("probe", **environment).returncode == 0
        finally:
            status = end(process, signal.SIGTERM)
    assert status == 0, (container.folder / "log").read_text()
    assert token.stat().st_uid == container.user
    claims = json.loads(cluster_identity.jws.extract_compact(token.read_bytes()).payload)
    assert claims["aud"] == "one.relying.example"
