"""The gateway in a container of its image: a read-only root, no capabilities, as its user and as any other."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from built_programs import REPOSITORY
from conftest import SERVED, needs_root
from container import ANY_OTHER, NONROOT, Container
from joserfc import jwk, jws
from layout import Archive
from loopback_server import LoopbackServer
from name_server import NameServer
from packed_gateway import PackedGateway
from waiting import until

pytestmark = needs_root
USERS = [pytest.param((NONROOT, NONROOT), id="as-nonroot"), pytest.param((ANY_OTHER, 0), id="as-any-other")]
NewGateway = Callable[..., PackedGateway]


@pytest.fixture(params=USERS)
def gateway(request: pytest.FixtureRequest, new_gateway: NewGateway) -> PackedGateway:
    return new_gateway(*request.param)


def test_it_prints_its_version(gateway: PackedGateway, gateway_image: Archive) -> None:
    ended = gateway.container.run("version")
    version = gateway_image.container["Labels"]["org.opencontainers.image.version"]
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, f"sts-gateway {version}\n", "")


def test_it_mounts_the_images_plugins(gateway: PackedGateway) -> None:
    ended = gateway.container.run("plugins")
    assert ended.returncode == 0, ended.stderr
    mounted = {line.split("\t")[0]: line.split("\t")[1] for line in ended.stdout.splitlines()}
    plugins = json.loads((REPOSITORY / "plugins.json").read_text())["plugins"]
    assert mounted == {plugin["id"]: "mounted" for plugin in plugins}


def test_it_checks_a_configuration(gateway: PackedGateway) -> None:
    ended = gateway.check()
    assert ended.returncode == 0, ended.stdout + ended.stderr
    gateway.endpoints["one"]["pluginn"] = "oidc"
    ended = gateway.check()
    assert ended.returncode == 1 and "pluginn" in ended.stdout + ended.stderr


def test_it_exchanges_a_token_over_tls_and_stops(gateway: PackedGateway) -> None:
    gateway.serve()
    assert gateway.get("/livez")[0] == 200
    until(lambda: gateway.get("/readyz")[0] == 200, "readiness")
    status, content = gateway.call("POST", "/one/token", gateway.form())
    assert status == 200, content
    keys, _ = gateway.documents()
    token = json.loads(content)["access_token"]
    key_set = {key["kid"]: jwk.import_key(key) for key in json.loads(keys)["keys"]}
    key = key_set[jws.extract_compact(token.encode()).headers()["kid"]]
    claims = json.loads(jws.deserialize_compact(token, key, algorithms=["RS256"]).payload)
    assert claims["iss"] == "https://one.issuer.example" and claims["aud"] == "one.relying.example"
    ring = gateway.ring_file().stat()
    assert (ring.st_uid, ring.st_mode & 0o077) == (gateway.container.user, 0)
    gateway.stop()
    assert gateway.audited("issued")


def test_it_restarts_with_the_same_keys(gateway: PackedGateway) -> None:
    gateway.serve()
    first, _ = gateway.documents()
    gateway.stop()
    gateway.serve()
    assert gateway.documents()[0] == first


class KeySet(BaseHTTPRequestHandler):
    """A kubeconfig with files at any path."""

    content = b""
    asked = threading.Event()

    def do_GET(self) -> None:
        self.asked.set()
        self.send_response(200)
        self.send_header("Content-Type", "application/jwk-set+json")
        self.send_header("Content-Length", str(len(self.content)))
        self.end_headers()
        self.wfile.write(self.content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def key_server(shared: Path) -> Iterator[LoopbackServer]:
    KeySet.content = (shared / "cluster/jwks.json").read_bytes()
    KeySet.asked.clear()
    server = LoopbackServer(KeySet, shared / "pki").start()
    yield server
    server.stop()


def mount_names(container: Container, names: NameServer, bundle: bytes) -> None:
    """The files that the kubelet mounts into every Pod, and another CA bundle instead of the image's."""
    resolver, hosts = names.write_files(container.folder)
    container.add_volume("/etc/resolv.conf", resolver)
    container.add_volume("/etc/hosts", hosts)
    file = container.folder / "ca-certificates.crt"
    file.write_bytes(bundle)
    container.add_volume("/etc/ssl/certs/ca-certificates.crt", file)


def test_it_resolves_names_by_dns_and_trusts_the_bundle(
    new_gateway: NewGateway, key_server: LoopbackServer, shared: Path
) -> None:
    gateway = new_gateway()
    with NameServer(SERVED, "127.0.0.1") as names:
        mount_names(gateway.container, names, (shared / "pki/ca.pem").read_bytes())
        gateway.jwks = f"https://{SERVED}:{key_server.server_address[1]}/keys"
        gateway.serve()
        until(lambda: gateway.exchange() == 200, "a token")
        assert KeySet.asked.is_set() and SERVED in names.asked


def test_it_does_not_trust_a_ca_that_is_not_in_the_bundle(
    new_gateway: NewGateway, key_server: LoopbackServer, gateway_image: Archive
) -> None:
    gateway = new_gateway()
    with NameServer(SERVED, "127.0.0.1") as names:
        mount_names(gateway.container, names, gateway_image.entries()["/etc/ssl/certs/ca-certificates.crt"][1])
        gateway.jwks = f"https://{SERVED}:{key_server.server_address[1]}/keys"
        gateway.serve()
        assert gateway.exchange() == 503
        assert not KeySet.asked.is_set() and SERVED in names.asked


def test_it_resolves_names_by_hosts(new_gateway: NewGateway, shared: Path) -> None:
    gateway = new_gateway()
    KeySet.content = (shared / "cluster/jwks.json").read_bytes()
    server = LoopbackServer(KeySet).start()
    with NameServer(SERVED, "127.0.0.1") as names:
        mount_names(gateway.container, names, b"")
        gateway.jwks = f"http://localhost:{server.server_address[1]}/keys"
        gateway.serve()
        until(lambda: gateway.exchange() == 200, "a token")
        assert "localhost" not in names.asked
    server.stop()


def test_only_its_volume_is_writable(new_gateway: NewGateway) -> None:
    gateway = new_gateway(ANY_OTHER, 0)
    gateway.serve()
    gateway.documents()
    mounts = Path(f"/proc/{gateway.process_id}/mountinfo").read_text().splitlines()
    writable = {line.split()[4] for line in mounts if "rw" in line.split()[5].split(",")}
    assert writable == {"/keys", "/proc"}
    status = Path(f"/proc/{gateway.process_id}/status").read_text()
    assert "NoNewPrivs:\t1" in status
    assert all(f"{name}:\t{0:016x}" in status for name in ["CapPrm", "CapEff"])
