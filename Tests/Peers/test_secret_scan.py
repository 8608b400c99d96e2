"""The search for secrets finds one that is planted in each channel."""

import base64
import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

import child_process
import secret_scan
from secret_scan import SecretScan

PRIVATE = serialization.PrivateFormat.PKCS8


def random_token() -> str:
    """A token with the form of a JWT and unique parts."""
    parts = [b'{"alg":"ES256"}', b'{"jti":"%s"}' % secrets.token_hex(16).encode(), secrets.token_bytes(64)]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


@pytest.fixture
def scan(monkeypatch: pytest.MonkeyPatch) -> SecretScan:
    """Another scan than that of this run, so that a planted secret does not fail the run."""
    made = SecretScan()
    monkeypatch.setattr(secret_scan, "RUN", made)
    return made


@pytest.fixture(params=["sts-gateway", "sts-sidecar", "sts-node"])
def program(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A program that prints its first argument, and the second as an error."""
    file = tmp_path / request.param
    file.write_text('#!/bin/sh\necho "{\\"level\\":\\"$1\\"}"\necho "x=$2;" >&2\n')
    file.chmod(0o700)
    return file


@pytest.mark.parametrize("stream", [0, 1])
def test_the_output_of_a_command(scan: SecretScan, program: Path, stream: int) -> None:
    token = random_token()
    scan.token(token)
    words = ["nothing", "nothing"]
    child_process.run([program, *words])
    assert scan.leaks() == []
    words[stream] = token.split(".")[2][20:60]
    child_process.run([program, *words])
    assert [leak.channel for leak in scan.leaks()] == [f"{program.name} commands"]


@pytest.mark.parametrize("stream", [0, 1])
def test_the_log_and_the_audit_file_of_a_process(
    scan: SecretScan, program: Path, stream: int, tmp_path: Path
) -> None:
    words = ["nothing", "nothing"]
    words[stream] = random_token()
    with (tmp_path / "audit").open("ab") as audit, (tmp_path / "log").open("ab") as log:
        process: subprocess.Popen[bytes] = child_process.start([program, *words], stdout=audit, stderr=log)
    assert process.wait() == 0
    expected = f"{program.name} {['stdout', 'stderr'][stream]}"
    assert [(leak.channel, leak.secret) for leak in scan.leaks()] == [(expected, "a token")]


@pytest.mark.parametrize("channel", ["status", "termination messages", "answers"])
def test_texts_and_files(scan: SecretScan, channel: str, tmp_path: Path) -> None:
    token = random_token()
    scan.token(token)
    scan.text(channel, f"before {token.split('.')[1]} after", "here")
    assert [(leak.channel, leak.secret) for leak in scan.leaks()] == [(channel, "the payload of a token")]
    (tmp_path / "file").write_text(token[-40:])
    scan.file("another", tmp_path / "file")
    assert "another" in [leak.channel for leak in scan.leaks()]


def test_an_answer_without_a_token_is_a_channel_and_one_with_a_token_is_a_secret(scan: SecretScan) -> None:
    token = random_token()
    scan.answer(b'{"access_token":"%s"}' % token.encode())
    assert scan.leaks() == []
    scan.answer(b'{"error":"invalid_request","error_description":"%s"}' % token.split(".")[2].encode())
    assert [leak.channel for leak in scan.leaks()] == ["answers"]


@pytest.mark.parametrize("make", [lambda: ec.generate_private_key(ec.SECP256R1()),
                                  lambda: rsa.generate_private_key(65537, 2048)])  # fmt: skip
@pytest.mark.parametrize("offset", range(3))
def test_a_private_key_in_any_encoding(scan: SecretScan, make, offset: int, tmp_path: Path) -> None:
    key = make()
    pem = key.private_bytes(serialization.Encoding.PEM, PRIVATE, serialization.NoEncryption()).decode()
    (tmp_path / "one.keyring.json").write_text('{"keys":[{"privateKey":%s}]}' % pem.__repr__().replace("'", '"'))
    scan.key_folder(tmp_path)
    der = key.private_bytes(serialization.Encoding.DER, PRIVATE, serialization.NoEncryption())
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    scan.text("certificate", "".join(base64.b64encode(bytes(offset) + public).decode()), "public")
    assert scan.leaks() == []
    for text in [base64.b64encode(bytes(offset) + der).decode(), der.hex(), f"lines:\n{pem[30:]}".replace("\n", "")]:
        scan.texts.clear()
        scan.text("log", text, "there")
        assert [leak.secret for leak in scan.leaks()] == ["a private key"], text[:40]
    scan.texts.clear()
    scan.text("log", pem, "there")
    assert [leak.secret for leak in scan.leaks()] == ["a private key"]


def test_a_leak_does_not_repeat_the_secret(scan: SecretScan) -> None:
    token = random_token()
    scan.text("log", token, "there")
    assert all(part not in str(scan.leaks()[0]) for part in token.split("."))


@pytest.mark.parametrize("leaks", [False, True])
def test_a_leak_fails_a_run_whose_tests_pass(leaks: bool, tmp_path: Path) -> None:
    text = random_token() if leaks else "nothing"
    test = f"import secret_scan\n\ndef test():\n    secret_scan.RUN.text('log', '{text}', 'there')\n"
    (tmp_path / "test_run.py").write_text(test)
    folder = Path(__file__).parent
    ended = child_process.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "conftest", tmp_path],
        env={**os.environ, "PYTHONPATH": f"{folder}:{folder.parent}"}, cwd=tmp_path,
    )  # fmt: skip
    assert "1 passed" in ended.stdout
    assert ended.returncode == (1 if leaks else 0)
    assert ("SECRET: log (there) contains a token" in ended.stdout) == leaks
