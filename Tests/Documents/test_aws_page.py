"""docs/aws.md: moto accepts its files, changed by its commands, in its AWS calls."""

import json
import os
import re
from pathlib import Path
from typing import Any

import boto3
import child_process
import moto
import pytest
import yaml

from .documents import blocks, commands, page

PAGE = page("aws")
OWN = {
    "BUCKET": "my-documents",
    "REGION": "eu-west-1",
    "CLUSTER": "west",
    "ACCOUNT": "123456789012",
    "OAC_ID": "EOAC1234567890",
    "DISTRIBUTION": "EDIST123456789",
    "HOST": "dmine.cloudfront.net",
}
PLACEHOLDERS = ["sts-documents-example", "eu-central-1", "production", "111111111111", "E2QWRUHAPOMQZL"]
PLACEHOLDERS += ["E1BKYHE1TT8Z10", "d111111abcdef8", "CLUSTER", "ACCOUNT"]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the page, changed by its commands. The name of each file is in the line before it."""
    folder = tmp_path_factory.mktemp("aws")
    lines = PAGE.read_text().split("\n")
    for block in [one for one in blocks("json", "yaml") if one.page == PAGE]:
        before = " ".join(lines[max(0, block.line - 6) : block.line - 1])
        names = re.findall(r"`([\w-]+\.(?:json|yaml))`", before.rpartition("```")[2])
        if names:
            (folder / names[-1]).write_text(block.text)
    text = PAGE.read_text()
    scripts = re.findall(r"^    ((?:jq|perl) (?:[^\n]|\n      )*)", text, re.MULTILINE)
    made = [script for script in scripts if all((folder / file).exists() for file in inputs(script))]
    assert len(made) >= 5, made
    for script in made:
        child_process.run(["bash", "-euc", script], cwd=folder, env={**os.environ, **OWN}, check=True)
    return folder


def inputs(script: str) -> list[str]:
    return re.findall(r"[\w-]+\.(?:json|yaml)\b", script.partition(" >")[0].rpartition('"')[2].rpartition("'")[2])


def document(files: Path, name: str) -> dict[str, Any]:
    text = (files / name).read_text()
    left = [placeholder for placeholder in PLACEHOLDERS if placeholder in text]
    assert left == [], f"{name} still has placeholders"
    return json.loads(text)


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    with moto.mock_aws():
        yield boto3.Session(region_name=OWN["REGION"])


def test_cloudfront_accepts_the_distribution(files: Path, account: Any) -> None:
    configuration = document(files, "distribution-mine.json")
    made = account.client("cloudfront").create_distribution(DistributionConfig=configuration)["Distribution"]
    assert made["DomainName"].endswith(".cloudfront.net")
    (origin,) = configuration["Origins"]["Items"]
    assert origin["DomainName"] == "my-documents.s3.eu-west-1.amazonaws.com"
    assert origin["OriginAccessControlId"] == OWN["OAC_ID"]


def test_only_the_distribution_can_read_the_bucket(files: Path, account: Any) -> None:
    policy = document(files, "bucket-policy.json")
    s3 = account.client("s3")
    s3.create_bucket(Bucket=OWN["BUCKET"], CreateBucketConfiguration={"LocationConstraint": OWN["REGION"]})
    s3.put_bucket_policy(Bucket=OWN["BUCKET"], Policy=json.dumps(policy))
    (statement,) = policy["Statement"]
    assert statement["Resource"] == "arn:aws:s3:::my-documents/*"
    assert statement["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    source = f"arn:aws:cloudfront::{OWN['ACCOUNT']}:distribution/{OWN['DISTRIBUTION']}"
    assert statement["Condition"] == {"StringEquals": {"AWS:SourceArn": source}}


@pytest.mark.parametrize(
    ("file", "subject"),
    [("publisher-trust.json", "sts-gateway:publisher:west:aws"), ("reader-trust.json", "west:myns:reader")],
)
def test_a_trust_policy_binds_audience_and_subject(files: Path, account: Any, file: str, subject: str) -> None:
    policy = document(files, file)
    account.client("iam").create_role(RoleName="it", AssumeRolePolicyDocument=json.dumps(policy))
    (statement,) = policy["Statement"]
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert statement["Principal"] == {"Federated": f"arn:aws:iam::{OWN['ACCOUNT']}:oidc-provider/{OWN['HOST']}"}
    assert statement["Condition"] == {
        "StringEquals": {f"{OWN['HOST']}:aud": "sts.amazonaws.com", f"{OWN['HOST']}:sub": subject}
    }


def test_the_publisher_has_only_the_permissions_that_it_needs(files: Path, account: Any) -> None:
    policy = document(files, "publisher-permissions.json")
    iam = account.client("iam")
    iam.create_role(RoleName="it", AssumeRolePolicyDocument=json.dumps(document(files, "publisher-trust.json")))
    iam.put_role_policy(RoleName="it", PolicyName="publish", PolicyDocument=json.dumps(policy))
    objects, edges = policy["Statement"]
    assert objects["Action"] == ["s3:PutObject", "s3:GetObject"]
    bucket = "arn:aws:s3:::my-documents"
    assert objects["Resource"] == [f"{bucket}/certs", f"{bucket}/.well-known/openid-configuration"]
    assert edges["Action"] == ["cloudfront:CreateInvalidation", "cloudfront:GetInvalidation"]
    assert edges["Resource"] == f"arn:aws:cloudfront::{OWN['ACCOUNT']}:distribution/{OWN['DISTRIBUTION']}"


def test_the_values_match_the_other_files(files: Path) -> None:
    values = yaml.safe_load((files / "values.yaml").read_text())
    (endpoint,) = values["sts"]["endpoints"]
    assert values["k8s_cluster_name"] == OWN["CLUSTER"]
    assert endpoint["issuer"]["host"] == OWN["HOST"]
    assert endpoint["publish"] == {
        "bucket": OWN["BUCKET"], "region": OWN["REGION"], "distribution": OWN["DISTRIBUTION"],
        "role": f"arn:aws:iam::{OWN['ACCOUNT']}:role/sts-publisher",
    }  # fmt: skip
    assert endpoint["settings"]["region"] == OWN["REGION"]


def test_the_aws_cli_has_all_commands() -> None:
    called = set()
    for _, line in commands(PAGE):
        for service, operation in re.findall(r"(?:^|[(&|;] ?)aws ([a-z0-9]+) ([a-z-]+)", line.replace("$(", "(")):
            called.add((service, operation))
    assert {("s3api", "create-bucket"), ("iam", "create-role")} <= called
    for service, operation in called - {("s3", "cp"), ("s3", "ls"), ("configure", "export-credentials")}:
        client = boto3.client(service.removesuffix("api"), region_name="us-east-1")
        assert hasattr(client, operation.replace("-", "_")), f"aws {service} {operation}"
