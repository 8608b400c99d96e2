"""`doctor` and `token` against moto and the strict STS: the issuer's documents, provider, trust policy and exchange."""

import json
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aws_accounts
import pytest
from moto_account import account_client
from waiting import DEADLINE
from workload_api import WorkloadAPI

from .cloud import ACCOUNT, AUDIENCE, CLUSTER, DISCOVERY, Place, Surroundings
from .gateway_process import Gateway

SUBJECT = f"{CLUSTER}:default:web"
SECTION = "relying party"


class Doctor:
    """A running gateway with published documents, a workload, and its role."""

    def __init__(self, gateway: Gateway, place: Place, around: Surroundings, api: WorkloadAPI) -> None:
        self.gateway, self.place, self.around, self.api = gateway, place, around, api
        self.iam = account_client(around.cloud.moto, ACCOUNT, "iam")
        self.issuer = place.publication.domain
        self.provider = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{self.issuer}"
        self.role = f"reader-{secrets.token_hex(4)}"
        self.trust({f"{self.issuer}:aud": AUDIENCE, f"{self.issuer}:sub": SUBJECT})
        gateway.more["AWS_ENDPOINT_URL_IAM"] = around.cloud.moto

    def trust(self, conditions: dict[str, Any]) -> None:
        """Writes the trust policy of the role."""
        policy = {"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"Federated": self.provider}, "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": conditions},
        }]}  # fmt: skip
        arn = aws_accounts.put_role(self.iam, self.role, policy)
        self.api.annotations["tremolo.io/aws-role"] = arn

    def run(self, *arguments: str) -> dict[tuple[str, str], dict[str, Any]]:
        """The findings by section and check."""
        ended = self.gateway.command(
            "doctor", "--endpoint", "one", "--pod", "default/web-0", "--json", "--kubeconfig", str(self.api.kubeconfig),
            "--server", f"https://localhost:{self.gateway.port}", "--ca-file", str(self.gateway.pki / "ca.pem"),
            *arguments,
        )  # fmt: skip
        assert ended.stderr == "", ended.stderr
        found = json.loads(ended.stdout)["findings"]
        worst = {finding["status"] for finding in found}
        assert ended.returncode == (2 if "failed" in worst else 1 if "warning" in worst else 0)
        assert "eyJ" not in ended.stdout and "ASIA" not in ended.stdout
        for finding in found:
            assert ("code" in finding) == (finding["status"] in ("failed", "warning")), finding
        return {(finding["section"], finding["check"]): finding for finding in found}


@pytest.fixture
def doctor(
    gateway: Gateway, place: Place, around: Surroundings, identity: Path, tmp_path: Path
) -> Iterator[Doctor]:
    assert gateway.publish().returncode == 0
    gateway.serve()
    api = WorkloadAPI(around.cloud.pki, identity, tmp_path)
    api.start()
    yield Doctor(gateway, place, around, api)
    api.stop()


def test_a_real_exchange_is_reduced_to_who_and_until_when(doctor: Doctor) -> None:
    found = doctor.run("--exchange")
    assert found["issuer documents", "discovery"]["status"] == "ok", found
    assert found["issuer documents", "keys"]["status"] == "ok", found
    assert "the token verifies" in found["issuer documents", "keys"]["cause"]
    assert found["workload", "mint"]["status"] == "ok", found
    assert found[SECTION, "identity provider"]["status"] == "ok", found
    assert found[SECTION, f"role {doctor.role}"]["status"] == "ok", found
    exchange = found[SECTION, "exchange"]
    assert exchange["status"] == "ok", exchange
    assert f":assumed-role/{doctor.role}/default.web until 20" in exchange["cause"]
    assert not any("/secrets" in path for path in doctor.api.paths), "no Secret is read"


def test_a_trust_policy_without_sub_or_for_another_workload_is_named(doctor: Doctor) -> None:
    name = f"role {doctor.role}"
    doctor.trust({f"{doctor.issuer}:aud": AUDIENCE})
    finding = doctor.run()[SECTION, name]
    assert (finding["status"], finding["code"]) == ("warning", "STS2045") and ":sub is not bound" in finding["cause"]

    doctor.trust({f"{doctor.issuer}:aud": AUDIENCE, f"{doctor.issuer}:sub": f"{CLUSTER}:default:other"})
    found = doctor.run("--exchange")
    assert found[SECTION, name]["code"] == "STS2046" and SUBJECT in found[SECTION, name]["cause"]
    assert found[SECTION, "exchange"]["code"] == "STS2048"
    assert "AccessDenied" in found[SECTION, "exchange"]["cause"]

    doctor.trust({f"{doctor.issuer}:aud": "another.audience", f"{doctor.issuer}:sub": SUBJECT})
    assert doctor.run()[SECTION, name]["code"] == "STS2046"


def test_a_missing_role_audience_or_provider_is_named(doctor: Doctor) -> None:
    arn = doctor.api.annotations["tremolo.io/aws-role"]
    doctor.api.annotations["tremolo.io/aws-role"] = arn + "-absent"
    assert doctor.run()[SECTION, f"role {doctor.role}-absent"]["code"] == "STS2044"
    doctor.api.annotations["tremolo.io/aws-role"] = "reader"
    assert doctor.run()[SECTION, "role"]["code"] == "STS2044"
    doctor.api.annotations["tremolo.io/aws-role"] = arn
    doctor.iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=doctor.provider)
    assert doctor.run()[SECTION, "identity provider"]["code"] == "STS2042"
    doctor.iam.create_open_id_connect_provider(Url=f"https://{doctor.issuer}", ClientIDList=["another.audience"])
    assert doctor.run()[SECTION, "identity provider"]["code"] == "STS2043"


def test_what_is_wrong_at_the_issuer_url_is_named(doctor: Doctor) -> None:
    documents = "issuer documents"
    doctor.gateway.stop()
    doctor.around.edge.error_seconds = 0
    doctor.place.delete(DISCOVERY)
    doctor.around.edge._caches.clear()
    found = doctor.run()
    assert found["workload", "mint"]["code"] == "STS2003", "the gateway is stopped"
    assert found[documents, "discovery"]["code"] == "STS2033", found
    # Without Cache-Control, as an upload by hand leaves it.
    doctor.place.put(DISCOVERY, b'{"issuer": "https://another.example/\\u001b[2J\\u202e"}')
    found = doctor.run()
    assert found[documents, "discovery"]["code"] == "STS2035", found
    text = doctor.gateway.command("doctor", "--endpoint", "one", "--kubeconfig", str(doctor.api.kubeconfig)).stdout
    assert "\\u{1B}[2J\\u{202E}" in text and "\x1b" not in text and "\u202e" not in text, "escapes are not printed"


def test_without_credentials_the_relying_party_is_not_checked(doctor: Doctor) -> None:
    ended = doctor.gateway.command(
        "doctor", "--endpoint", "one", "--kubeconfig", str(doctor.api.kubeconfig), with_credentials=False
    )
    assert "not checked  one: credentials: no credentials" in ended.stdout, ended.stdout


def test_token_is_verified_publicly_and_exchanged_for_a_program(
    doctor: Doctor, identity: Path, tmp_path: Path
) -> None:
    reach = [
        "--endpoint", "one", "--pod", "default/web-0", "--kubeconfig", str(doctor.api.kubeconfig), "--server",
        f"https://localhost:{doctor.gateway.port}", "--ca-file", str(doctor.gateway.pki / "ca.pem"),
    ]  # fmt: skip
    ended = doctor.gateway.command("token", *reach, "--verify")
    assert ended.returncode == 0 and ended.stdout.startswith("verified\n"), ended.stdout + ended.stderr
    assert SUBJECT in ended.stdout and "eyJ" not in ended.stdout
    arn = doctor.api.annotations["tremolo.io/aws-role"]
    # Its output is a secret by design, so it is not among the outputs that are searched for secrets.
    ended = subprocess.run(
        doctor.gateway.arguments("token", *reach, "--credential-process", arn), env=doctor.gateway.environment(),
        cwd=doctor.gateway.folder, capture_output=True, text=True, check=False, timeout=DEADLINE,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    answer = json.loads(ended.stdout)
    assert set(answer) == {"Version", "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"}
    assert answer["Version"] == 1
