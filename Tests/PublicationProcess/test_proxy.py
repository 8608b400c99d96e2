"""Publication through a proxy and with a private CA: HTTPS_PROXY, NO_PROXY and publish.caFile."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pki
import pytest
from fault_proxy import FaultProxy
from waiting import DEADLINE

from .cloud import ACCOUNT, KEYS, Place, Surroundings
from .gateway_process import Gateway


class ConnectProxy:
    """A proxy that supports only CONNECT, and is the only one to know the addresses of the names."""

    def __init__(self, edge: str) -> None:
        self.edge = edge
        self.known: dict[str, str] = {}
        self.asked: list[str] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return "http://127.0.0.1:{}".format(self.listener.getsockname()[1])

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                threading.Thread(target=self._tunnel, args=(connection,), daemon=True).start()

    def _tunnel(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                head += client.recv(4096)
            method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
            self.asked.append(f"{method} {target}")
            host, port = self.known.get(target, self.edge).split(":")
            with socket.create_connection((host, int(port))) as server:
                client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                back = threading.Thread(target=self._copy, args=(server, client), daemon=True)
                back.start()
                self._copy(client, server)
                back.join(DEADLINE)

    def _copy(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while part := one.recv(65_536):
                other.sendall(part)
            other.shutdown(socket.SHUT_WR)


@pytest.fixture
def connect(around: Surroundings) -> Iterator[ConnectProxy]:
    made = ConnectProxy(around.edge.address)
    yield made
    made.listener.close()


@pytest.fixture
def secure(around: Surroundings) -> Iterator[FaultProxy]:
    """The same moto with TLS."""
    made = FaultProxy(around.cloud.moto, ACCOUNT, around.cloud.pki).start()
    made.secrets = around.proxy.secrets
    yield made
    made.stop()


def by_tls(gateway: Gateway, place: Place, secure: FaultProxy, **more: object) -> Gateway:
    """A gateway that uses all services with TLS, and the issuer's URL by its name."""
    return gateway.add(
        place, probe={"connectTo": None, **more}, distribution=None, caFile=str(gateway.around.cloud.pki / "ca.pem"),
        endpoints={"s3": secure.url, "cloudfront": secure.url, "sts": secure.url},
    )  # fmt: skip


@pytest.mark.parametrize("path_style", [False, True])
def test_publisher_and_probe_use_https_proxy_for_the_public_names(
    path_style: bool, gateway: Gateway, place: Place, connect: ConnectProxy, secure: FaultProxy
) -> None:
    service = "s3.us-east-1.amazonaws.com" if path_style else f"{place.bucket}.s3.us-east-1.amazonaws.com"
    for name in [service, "cloudfront.amazonaws.com"]:
        connect.known[f"{name}:443"] = secure.url.removeprefix("https://")
    gateway.add(
        place, pathStyle=path_style, endpoints=None, caFile=str(gateway.around.cloud.pki / "ca.pem"),
        probe={"connectTo": None},
    )  # fmt: skip
    gateway.more = {"HTTPS_PROXY": connect.url, "NO_PROXY": ""}
    ended = gateway.publish()
    assert ended.returncode == 0 and "the issuer URL serves the documents" in ended.stdout, ended.stdout
    names = [service, "cloudfront.amazonaws.com", place.publication.domain]
    assert set(connect.asked) == {f"CONNECT {name}:443" for name in names}
    assert place.owner(KEYS) == gateway.ring()["owner"] and len(place.invalidations) == 1


def test_no_proxy_disables_it_for_both(
    gateway: Gateway, place: Place, connect: ConnectProxy, secure: FaultProxy, around: Surroundings
) -> None:
    by_tls(gateway, place, secure, connectTo=around.edge.address)
    gateway.more = {"HTTPS_PROXY": connect.url, "NO_PROXY": "127.0.0.1,.cloudfront.net"}
    ended = gateway.publish()
    assert ended.returncode == 0 and "the issuer URL serves the documents" in ended.stdout, ended.stdout
    assert connect.asked == [] and len(secure.requests("PUT")) == 2


def test_the_proxy_of_the_probe_is_used_only_by_the_probe(
    gateway: Gateway, place: Place, connect: ConnectProxy, secure: FaultProxy
) -> None:
    by_tls(gateway, place, secure, proxy=connect.url)
    ended = gateway.publish()
    assert ended.returncode == 0 and "the issuer URL serves the documents" in ended.stdout, ended.stdout
    assert set(connect.asked) == {f"CONNECT {place.publication.domain}:443"}


def test_a_service_with_a_certificate_of_another_ca_gets_no_request(
    gateway: Gateway, place: Place, secure: FaultProxy, tmp_path: Path
) -> None:
    by_tls(gateway, place, secure)
    pki.write(tmp_path / "other", ["127.0.0.1"])
    gateway.endpoints["one"]["publish"]["caFile"] = str(tmp_path / "other/ca.pem")
    ended = gateway.publish()
    assert ended.returncode == 69 and "publish.caFile" in ended.stdout and "certificate" in ended.stdout
    assert secure.seen == [] and place.head(KEYS) is None
