"""`provision aws`: from an empty account to a token that the strict STS accepts."""

import argparse
import json
import subprocess
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode, urlsplit

import aws_accounts
import aws_models
import child_process
import cluster_identity
import pytest
import yaml
from administrator_proxy import AdministratorProxy
from built_programs import REPOSITORY
from edge import Fronts
from gateway_program import EXCHANGE, JWT, OWN_AUDIENCE
from moto_account import account_client
from waiting import until

from .cloud import ACCOUNT, CLUSTER, KEYS, Cloud, Surroundings
from .gateway_process import Gateway

EDGE_PART = """\
    publish:
      # how the tests read the issuer URL
      probe: {connectTo: "%(edge)s", caFile: "%(ca)s", interval: 10s}
"""
ENDPOINT = """\
# the gateway of the trial
cluster: trial
keyStore: {directory: %(keys)s}
review: {offline: {jwks: "%(jwks)s", issuer: https://kubernetes.default.svc.cluster.local}}
tls:
  certificates: [{certificate: "%(pki)s/server.pem", key: "%(pki)s/server-key.pem"}]
sts:
  endpoints:
  - name: one          # the endpoint of the tests
    plugin: aws
    audience: sts.amazonaws.com
    azRules:
    - {scope: filter, constraint: "(namespace=default)"}
    subjectToken: {audiences: [%(audience)s]}
    token: {algorithm: ES256}
"""


class Provisioned:
    """An endpoint in a file of its own, and a proxy that records the administrator's requests."""

    def __init__(self, gateway: Gateway, around: Surroundings) -> None:
        self.gateway, self.around = gateway, around
        self.proxy = AdministratorProxy(around.cloud.moto, ACCOUNT)
        self.proxy.start()
        self.proxy.secrets.update(around.proxy.secrets)
        around.edge.fronts = Fronts(around.cloud.moto, [ACCOUNT])
        around.edge.error_seconds = 0
        self.file = gateway.folder / "values.yaml"
        values = {
            "edge": around.edge.address, "ca": around.cloud.pki / "ca.pem", "keys": gateway.keys,
            "jwks": gateway.identity / "jwks.json", "pki": gateway.pki, "audience": OWN_AUDIENCE,
        }  # fmt: skip
        self.file.write_text((ENDPOINT + EDGE_PART) % values)

    def line(
        self, *arguments: str, command: str = "provision", endpoint: str | None = "one", exact: list[str] | None = None
    ) -> tuple[list[str], dict[str, Any]]:
        """A command line with the options of its process; `exact` has all words of it."""
        environment = {
            **self.gateway.environment(), "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": self.proxy.url,
            "AWS_ENDPOINT_URL_STS": self.around.sts.url,
        }  # fmt: skip
        plugins = ["--plugins", str(REPOSITORY / "plugins.json")]
        words = [command, "aws", "--config", str(self.file), *plugins]
        words += [*(["--endpoint", endpoint] if endpoint else []), *arguments]
        if exact:
            words = exact if "--plugins" in exact else [*exact, *plugins]
        return [str(self.gateway.program), *words], {"env": environment, "cwd": self.gateway.folder}

    def run(
        self, *arguments: str, command: str = "provision", endpoint: str | None = "one",
        exact: list[str] | None = None, **more: Any,
    ) -> subprocess.CompletedProcess[str]:  # fmt: skip
        line, options = self.line(*arguments, command=command, endpoint=endpoint, exact=exact)
        ended = child_process.run(line, **options, **more)
        self.gateway.said += ended.stdout + ended.stderr
        return ended

    @property
    def endpoint(self) -> dict[str, Any]:
        return yaml.safe_load(self.file.read_text())["sts"]["endpoints"][0]

    @property
    def changes(self) -> list[str]:
        """The requests that changed something, and no document."""
        return [
            f"{r.method} {r.path}" for r in self.proxy.seen
            if r.method != "HEAD" and r.method != "GET" and not (r.method == "POST" and r.body.startswith((b"Action=Get", b"Action=List")))
        ]  # fmt: skip


@pytest.fixture
def provisioned(another: Callable[[], Gateway], around: Surroundings) -> Iterator[Provisioned]:
    made = Provisioned(another(), around)
    yield made
    made.proxy.stop()


def check_requests(provisioned: Provisioned) -> set[str]:
    """Validates every request against the service models; returns the operations."""
    operations = set()
    for request in provisioned.proxy.seen:
        path = urlsplit(request.path).path
        service = "cloudfront" if path.startswith("/2020-05-31/") else "iam" if path == "/" else "s3"
        name, problems = aws_models.operation(service, request)
        assert problems == [], f"{name}: {problems}: {request.method} {request.path} {request.body!r}"
        operations.add(name)
    return operations


def test_from_an_empty_account_to_a_token_that_the_sts_accepts(provisioned: Provisioned, cloud: Cloud) -> None:
    before = provisioned.file.read_text()
    ended = provisioned.run("--yes", "--write", str(provisioned.file))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    lines = ended.stdout.splitlines()
    assert lines[0].startswith(f"one: AWS account {ACCOUNT}, "), "the identity is printed first"

    operations = check_requests(provisioned)
    assert {"CreateBucket", "CreateOriginAccessControl", "CreateDistributionWithTags", "PutBucketPolicy"} <= operations
    assert {"CreateOpenIDConnectProvider", "CreateRole", "PutRolePolicy", "PutObject"} <= operations

    # Only lines were inserted.
    after = provisioned.file.read_text().splitlines(True)
    rest = iter(after)
    assert all(line in rest for line in before.splitlines(True))
    endpoint = provisioned.endpoint
    host, publish = endpoint["issuer"]["host"], endpoint["publish"]
    assert publish["probe"]["interval"] == "10s" and host.endswith(".cloudfront.net")

    # What exists, read with boto3.
    s3, front, iam = (account_client(cloud.moto, ACCOUNT, name) for name in ["s3", "cloudfront", "iam"])
    bucket = publish["bucket"]
    closed = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert set(closed.values()) == {True}
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    [rule] = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    assert rule["ObjectOwnership"] == "BucketOwnerEnforced"
    owner = provisioned.gateway.ring()["owner"]
    expected = {"sts-gateway/cluster": CLUSTER, "sts-gateway/endpoint": "one", "sts-gateway/owner": owner}
    assert tags(s3.get_bucket_tagging(Bucket=bucket)["TagSet"]) == expected
    arn = f"arn:aws:cloudfront::{ACCOUNT}:distribution/{publish['distribution']}"
    [statement] = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])["Statement"]
    assert statement["Condition"] == {"StringEquals": {"AWS:SourceArn": arn}}
    found = front.get_distribution(Id=publish["distribution"])["Distribution"]
    assert found["DomainName"] == host
    assert found["DistributionConfig"]["DefaultCacheBehavior"]["ViewerProtocolPolicy"] == "https-only"
    assert tags(front.list_tags_for_resource(Resource=arn)["Tags"]["Items"]) == expected
    provider = iam.get_open_id_connect_provider(
        OpenIDConnectProviderArn=f"arn:aws:iam::{ACCOUNT}:oidc-provider/{host}"
    )
    assert provider["ClientIDList"] == ["sts.amazonaws.com"] and tags(provider["Tags"]) == expected
    role = iam.get_role(RoleName=publish["role"].split("/")[-1])["Role"]
    assert role["AssumeRolePolicyDocument"]["Statement"][0]["Condition"]["StringEquals"] == {
        f"{host}:aud": "sts.amazonaws.com", f"{host}:sub": f"sts-gateway:publisher:{CLUSTER}:one",
    }  # fmt: skip

    # The second run changes nothing.
    provisioned.proxy.seen.clear()
    ended = provisioned.run("--yes", "--write", str(provisioned.file))
    assert ended.returncode == 0 and "one: nothing to change" in ended.stdout, ended.stdout + ended.stderr
    assert provisioned.changes == [] and provisioned.file.read_text() == "".join(after)

    # The gateway publishes with its own token: the strict STS accepts it through what was provisioned.
    edge, port = provisioned.around.edge.address.split(":")
    cloud.connect_to[host] = (edge, int(port))
    s3.put_object(Bucket=bucket, Key=KEYS, Body=b"{}")
    decisions = len(cloud.sts_log)
    gateway = provisioned.gateway
    gateway.endpoints["one"] = endpoint
    gateway.serve(with_credentials=False)
    until(lambda: cloud.sts_log[decisions:], "a session by its own token")
    assert cloud.sts_log[decisions].startswith(f"allowed: role {publish['role']} ")
    until(lambda: s3.get_object(Bucket=bucket, Key=KEYS)["Body"].read() != b"{}", "the publication")
    assert gateway.exchange() == 200
    gateway.stop()


def tags(listed: list[dict[str, str]]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in listed}


def test_a_plan_and_a_run_without_confirmation_change_nothing(provisioned: Provisioned, cloud: Cloud) -> None:
    before = provisioned.file.read_text()
    ended = provisioned.run("--plan", "--output", "json")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    [endpoint] = json.loads(ended.stdout)["endpoints"]
    assert [step["id"] for step in endpoint["steps"]] == [
        "bucket", "access-control", "distribution", "bucket-policy", "documents", "serving", "identity-provider",
        "publisher-role",
    ]  # fmt: skip
    assert all(step["changes"] for step in endpoint["steps"] if step["id"] != "serving")
    ended = provisioned.run(stdin=subprocess.DEVNULL)
    assert ended.returncode == 64 and "--yes" in ended.stderr
    assert provisioned.changes == [] and provisioned.file.read_text() == before
    assert not provisioned.gateway.ring_file().exists()


def test_the_sts_accepts_only_the_tokens_that_a_role_of_the_provisioned_issuer_names(
    provisioned: Provisioned, cloud: Cloud
) -> None:
    # A second endpoint, and rules that allow two namespaces.
    text = provisioned.file.read_text()
    text = text.replace("(namespace=default)", "(|(namespace=default)(namespace=other))")
    start = text.index("  - name: one")
    provisioned.file.write_text(text + text[start:].replace("- name: one ", "- name: two "))
    for name in ["one", "two"]:
        ended = provisioned.run("--yes", "--write", str(provisioned.file), endpoint=name)
        assert ended.returncode == 0, ended.stdout + ended.stderr
    gateway = provisioned.gateway
    edge, port = provisioned.around.edge.address.split(":")
    hosts = {}
    for endpoint in yaml.safe_load(provisioned.file.read_text())["sts"]["endpoints"]:
        gateway.endpoints[endpoint["name"]] = endpoint
        hosts[endpoint["name"]] = host = endpoint["issuer"]["host"]
        cloud.connect_to[host] = (edge, int(port))
    assert hosts["one"] != hosts["two"]
    gateway.serve(with_credentials=False)

    iam, sts = account_client(cloud.moto, ACCOUNT, "iam"), account_client(cloud.sts.url, ACCOUNT, "sts")

    def role(name: str, **conditions: str) -> str:
        host = hosts["one"]
        statement = {
            "Effect": "Allow", "Principal": {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{host}"},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": {f"{host}:{key}": value for key, value in conditions.items()}},
        }  # fmt: skip
        return aws_accounts.put_role(iam, name, {"Version": "2012-10-17", "Statement": [statement]})

    def assume(arn: str, endpoint: str, namespace: str) -> str:
        """Returns the error code; empty for credentials."""
        token = json.loads(gateway.call("POST", f"/{endpoint}/token", form(namespace))[1])["access_token"]
        try:
            sts.assume_role_with_web_identity(RoleArn=arn, RoleSessionName="web", WebIdentityToken=token)
        except sts.exceptions.ClientError as error:
            return error.response["Error"]["Code"]
        return ""

    def form(namespace: str) -> str:
        options = argparse.Namespace(
            namespace=namespace, serviceaccount="web", pod="web-0", node="node-1", audience=[OWN_AUDIENCE], ttl=3600,
            not_before=0,
        )  # fmt: skip
        return urlencode({
            "grant_type": EXCHANGE, "subject_token_type": JWT,
            "subject_token": cluster_identity.token(gateway.identity, options),
        })  # fmt: skip

    bound = role("bound", aud="sts.amazonaws.com", sub=f"{CLUSTER}:default:web")
    assert assume(bound, "one", "default") == ""
    assert assume(bound, "one", "other") == "AccessDenied", "another namespace"
    assert assume(bound, "two", "default") != "", "another endpoint"
    assert assume(role("unbound", aud="sts.amazonaws.com"), "one", "default") == "AccessDenied", "no sub"
    gateway.stop()
