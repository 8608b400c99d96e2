"""The gateway in a container of its image."""

import json
import os
import shutil
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cluster_identity
from container import Container, end, first_process
from gateway_program import CLUSTER, OWN_AUDIENCE, GatewayProgram, exchange_form

CONFIGURATION = "/etc/sts-gateway"
KEYS = "/keys"


def endpoint(name: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name, "plugin": "oidc", "audience": f"{name}.relying.example", "path": f"/{name}",
        "azRules": [{"scope": "filter", "constraint": "(namespace=default)"}],
        "issuer": {"host": f"{name}.issuer.example"}, "subjectToken": {"audiences": [OWN_AUDIENCE]}, **more,
    }  # fmt: skip


@dataclass
class PackedGateway(GatewayProgram):
    """The configuration is mounted at the path of the image's command, and the key directory at /keys."""

    container: Container = field(kw_only=True)
    jwks: str = f"{CONFIGURATION}/identity/jwks.json"
    began: Path | None = None

    def mount(self) -> "PackedGateway":
        for name in ["etc", "keys"]:
            (self.folder / name).mkdir()
        (self.folder / "keys").chmod(0o700)
        shutil.copytree(self.pki, self.folder / "etc/pki")
        (self.folder / "etc/identity").mkdir()
        shutil.copy(self.identity / "jwks.json", self.folder / "etc/identity")
        # As the kubelet mounts a Secret with fsGroup: only the container's user can read it.
        os.chown(self.folder / "etc/pki", self.container.user, self.container.group)
        os.chown(self.folder / "etc/pki/server-key.pem", self.container.user, self.container.group)
        self.container.add_volume(CONFIGURATION, self.folder / "etc")
        self.container.add_volume(KEYS, self.folder / "keys", is_writable=True)
        return self

    def write(self) -> Path:
        pki = f"{CONFIGURATION}/pki"
        configuration = {
            "cluster": CLUSTER,
            "tls": {"certificates": [{"certificate": f"{pki}/server.pem", "key": f"{pki}/server-key.pem"}]},
            "review": {"offline": {"jwks": self.jwks, "issuer": cluster_identity.ISSUER}},
            "keyStore": {"directory": KEYS},
            "limits": self.limits,
            "sts": {"endpoints": list(self.endpoints.values())},
        }
        file = self.folder / "etc/gateway.yaml"
        file.write_text(json.dumps(configuration, indent=2))
        return file

    def arguments(self, *command: str) -> list[str]:
        """Runs the image's command `serve` without --plugins, since the image has a plugins.json."""
        own = self.container.archive.container["Cmd"]
        arguments = own if command == ("serve",) else [*command, *own[1:]]
        return self.container.command(*arguments, began=self.began, **self.more)

    @property
    def process_id(self) -> int:
        assert self.process is not None
        return first_process(self.process)

    def stop(self) -> None:
        """Sends SIGTERM to process 1 and expects exit status 0."""
        assert self.process is not None
        assert end(self.process, signal.SIGTERM) == 0, f"it ends in good order: {self.text}"
        self.process = None

    def kill(self) -> None:
        if self.process is not None and self.process.poll() is None:
            end(self.process, signal.SIGKILL)

    def resident(self) -> int:
        """The current resident memory in KiB."""
        lines = Path(f"/proc/{self.process_id}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))

    def check(self, file: str = f"{CONFIGURATION}/gateway.yaml") -> subprocess.CompletedProcess[str]:
        """Runs `config check`."""
        self.write()
        return self.container.run("config", "check", file)

    def form(self) -> str:
        return exchange_form(self.identity)
