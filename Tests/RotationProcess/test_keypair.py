"""`issuer.keypair` beside a key directory: a folder with tls.crt and tls.key, which the gateway never writes."""

import json
import shutil
from pathlib import Path

import pki
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwk
from waiting import until

from .rings import kids
from .scenarios import scenario
from .stage import Gateway, Stage, active

NAME = "one-signing"


def put_key_pair(gateway: Gateway, count: int) -> tuple[str, str]:
    """A new one, in one step as a kubelet replaces a mounted Secret; its kid and its certificate."""
    made = gateway.place / f"made-{count}"
    pki.write(made / "pki", ["signing"])
    folder = made / "secret"
    folder.mkdir()
    shutil.copy(made / "pki/server.pem", folder / "tls.crt")
    shutil.copy(made / "pki/server-key.pem", folder / "tls.key")
    gateway.keys.mkdir(mode=0o700, exist_ok=True)
    link = gateway.keys / f"{NAME}.new"
    link.symlink_to(folder, target_is_directory=True)
    link.rename(gateway.keys / NAME)
    key = jwk.ECKey.import_key((folder / "tls.key").read_bytes())
    return key.thumbprint(), (folder / "tls.crt").read_text()


def certificate(gateway: Gateway) -> str:
    """The certificate of the OpenUnison-compatible response."""
    status, _, content = gateway.answer("GET", "/one/token/user", is_bearer=True)
    assert status == 200, content
    return json.loads(content)["token"]["certificate"]


def unchanged(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {file.name: (file.read_bytes(), file.stat().st_mtime_ns) for file in folder.iterdir()}


def begin(stage: Stage) -> tuple[Gateway, str]:
    gateway = stage.gateway().add(issuer={"keypair": NAME})
    first, text = put_key_pair(gateway, 0)
    before = unchanged(gateway.keys / NAME)
    gateway.serve().settle()
    assert kids(gateway.ring()) == [first] and active(gateway) == first
    assert certificate(gateway) == text, "the certificate is the one that came with the key"
    assert unchanged(gateway.keys / NAME) == before, "it is input only"
    return gateway, first


@scenario
def test_a_changed_key_pair_starts_a_rotation_that_verifiers_do_not_notice(stage: Stage) -> None:
    gateway, first = begin(stage)
    watcher, client = stage.watch(gateway), stage.client(gateway, rate=20)
    stage.issuer.hold(gateway.host())
    second, text = put_key_pair(gateway, 1)
    until(lambda: second in kids(gateway.ring()), "the import")
    client.goes_on()
    assert active(gateway) == first, "the old key signs until the new one is published"
    stage.issuer.release(gateway.host())
    until(lambda: active(gateway) == second, "the end of the rotation")
    until(lambda: second in client.kids(), "a token of the new key")
    client.end()
    watcher.stop()
    watcher.check(keys=2)
    assert certificate(gateway) == text


@scenario
def test_a_removed_key_pair_is_replaced_by_one_key_and_only_once(stage: Stage) -> None:
    gateway, first = begin(stage)
    watcher, client = stage.watch(gateway), stage.client(gateway, rate=20)
    gateway.kill()
    (gateway.keys / NAME).unlink()
    gateway.serve()
    until(lambda: gateway.has("retiring"), "the end of the rotation")
    second = active(gateway)
    for _ in range(3):
        gateway.kill()
        gateway.serve()
        client.goes_on()
    assert kids(gateway.ring()) == [first, second]
    client.end()
    watcher.stop()
    watcher.check(keys=2)


@scenario
def test_a_key_pair_that_returns_changed_starts_a_rotation_again(stage: Stage) -> None:
    gateway, first = begin(stage)
    for count, is_there in enumerate([False, True], 1):
        gateway.kill()
        if is_there:
            second, _ = put_key_pair(gateway, count)
        else:
            (gateway.keys / NAME).unlink()
        gateway.serve()
        until(lambda: len(kids(gateway.ring(), "retiring")) == count, "the end of the rotation")  # noqa: B023
    assert active(gateway) == second and len(kids(gateway.ring())) == 3 and first in kids(gateway.ring(), "retiring")


def is_refused(stage: Stage, gateway: Gateway, first: str) -> None:
    """Only that endpoint has a problem, logged once and in the readiness details; the key of the ring signs."""
    until(lambda: gateway.lines("key rotation failed"), "the problem in the log")
    stage.client(gateway, rate=20).goes_on(100)
    logged = gateway.lines("key rotation failed")
    assert len(logged) == 1 and NAME in logged[0]["reason"], logged
    assert gateway.exchange() == 200 and gateway.exchange("two") == 200 and kids(gateway.ring()) == [first]
    assert gateway.lines("key rotation failed", "two") == [] and gateway.problem("two") == ""
    assert NAME in gateway.problem(), "readiness detail"


def put_file(gateway: Gateway, name: str, content: str) -> None:
    """Into the folder that the key pair is in, before the gateway's next start."""
    gateway.add("two")
    gateway.kill()
    (gateway.place / "made-0/secret" / name).write_text(content)
    gateway.serve()


@scenario
def test_an_invalid_key_pair_is_logged_and_the_key_of_the_ring_continues_to_sign(stage: Stage) -> None:
    gateway, first = begin(stage)
    put_file(gateway, "tls.key", "-----BEGIN PRIVATE KEY-----\nno key\n-----END PRIVATE KEY-----\n")
    is_refused(stage, gateway, first)


@scenario
def test_a_key_pair_of_an_unknown_curve_is_logged_and_the_key_of_the_ring_continues_to_sign(stage: Stage) -> None:
    gateway, first = begin(stage)
    key = ec.generate_private_key(ec.SECP256K1())
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    put_file(gateway, "tls.key", pem.decode())
    is_refused(stage, gateway, first)


@scenario
def test_a_key_of_another_certificate_is_logged_and_the_key_of_the_ring_continues_to_sign(stage: Stage) -> None:
    gateway, first = begin(stage)
    pki.write(gateway.place / "other", ["signing"])
    put_file(gateway, "tls.key", (gateway.place / "other/server-key.pem").read_text())
    is_refused(stage, gateway, first)
