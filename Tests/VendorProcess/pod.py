"""What a Pod gets: the variables of its container, and the files that its sidecar writes."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cluster_identity
from gateway_program import OWN_AUDIENCE, GatewayProgram

MOUNT = "/var/run/secrets/sts"
"""The tokens' folder in a Pod; the test has another one."""


class Pod:
    def __init__(self, pod: dict[str, Any], folder: Path) -> None:
        self.folder = folder
        self.pod = pod
        containers = [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]
        self.sidecars = [container for container in containers if container["name"].startswith("sts-sidecar")]
        (app,) = [container for container in containers if container["name"] == "app"]
        self.variables = {entry["name"]: self.moved(entry["value"]) for entry in app["env"]}
        (settings,) = {json.dumps(container["env"], sort_keys=True) for container in self.sidecars}
        self.settings = {entry["name"]: self.moved(entry["value"]) for entry in json.loads(settings)}

    def moved(self, text: str) -> str:
        return text.replace(MOUNT, str(self.folder / "tokens"))

    def fetch(self, sidecar: Path, gateway: GatewayProgram, run: Callable[..., Any]) -> None:
        """Lets the sidecar write all files and tokens once."""
        (self.folder / "tokens").mkdir(parents=True)
        options = argparse.Namespace(
            namespace="default", serviceaccount="web", pod="web-0", node="node-1", audience=[OWN_AUDIENCE], ttl=3600,
            not_before=0,
        )  # fmt: skip
        (self.folder / "subject").write_text(cluster_identity.token(gateway.identity, options))
        environment = {
            **self.settings, "STS_SERVER": f"https://127.0.0.1:{gateway.port}", "STS_CA_FILE": str(gateway.pki / "ca.pem"),
            "STS_CA_CERTIFICATES": "", "STS_CA_CACHE": "none", "STS_TOKEN_DIRECTORY": str(self.folder / "tokens"),
            "STS_SUBJECT_TOKEN_FILE": str(self.folder / "subject"), "STS_TERMINATION_LOG": str(self.folder / "end"),
        }  # fmt: skip
        for command in ["once", "probe"]:
            ended = run([sidecar, command], env=environment)
            assert ended.returncode == 0, ended.stderr
