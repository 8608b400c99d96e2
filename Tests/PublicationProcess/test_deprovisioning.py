"""`deprovision aws`: what was provisioned is deleted, and what somebody else uses stays."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fault_rule import Request
from moto_account import account_client

from .cloud import ACCOUNT, Cloud, Surroundings
from .gateway_process import Gateway
from .test_provisioning import Provisioned, check_requests


@pytest.fixture
def provisioned(another: Callable[[], Gateway], around: Surroundings) -> Iterator[Provisioned]:
    made = Provisioned(another(), around)
    made.proxy.hides = made.proxy.deployments = 1
    yield made
    made.proxy.stop()


class Account:
    """What exists in the account, read with boto3."""

    def __init__(self, moto: str) -> None:
        self.s3, self.front, self.iam = (account_client(moto, ACCOUNT, name) for name in ["s3", "cloudfront", "iam"])

    def state(self) -> dict[str, Any]:
        """Every bucket with its objects, policy and tags; every distribution, access control, provider and role."""
        listed = self.front.list_distributions()["DistributionList"].get("Items") or []
        controls = self.front.list_origin_access_controls()["OriginAccessControlList"].get("Items") or []
        providers = [one["Arn"] for one in self.iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]]
        return {
            "buckets": {one["Name"]: self.bucket(one["Name"]) for one in self.s3.list_buckets()["Buckets"]},
            "distributions": {one["Id"]: one["Comment"] for one in listed},
            "controls": {one["Id"]: one["Name"] for one in controls},
            "providers": {arn: self.provider(arn) for arn in providers},
            "roles": {
                one["RoleName"]: self.role(one["RoleName"])
                for page in self.iam.get_paginator("list_roles").paginate() for one in page["Roles"]
            },
        }

    def bucket(self, name: str) -> dict[str, Any]:
        found = self.s3.list_object_versions(Bucket=name)
        keys = [(one["Key"], one["VersionId"]) for part in ["Versions", "DeleteMarkers"] for one in found.get(part, [])]
        made: dict[str, Any] = {"versions": keys}
        for part, read in {
            "policy": lambda: self.s3.get_bucket_policy(Bucket=name)["Policy"],
            "tags": lambda: self.s3.get_bucket_tagging(Bucket=name)["TagSet"],
        }.items():
            try:
                made[part] = read()
            except self.s3.exceptions.ClientError as error:
                assert error.response["Error"]["Code"] in ("NoSuchBucketPolicy", "NoSuchTagSet")
        return made

    def provider(self, arn: str) -> dict[str, Any]:
        found = self.iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
        return {"audiences": found["ClientIDList"], "tags": found.get("Tags", [])}

    def role(self, name: str) -> dict[str, Any]:
        found = self.iam.get_role(RoleName=name)["Role"]
        policies = self.iam.list_role_policies(RoleName=name)["PolicyNames"]
        return {
            "trust": found["AssumeRolePolicyDocument"], "tags": found.get("Tags", []),
            "policies": {
                one: self.iam.get_role_policy(RoleName=name, PolicyName=one)["PolicyDocument"] for one in policies
            },
        }  # fmt: skip


@pytest.fixture
def account(cloud: Cloud) -> Account:
    return Account(cloud.moto)


def provision(made: Provisioned, *more: str) -> str:
    ended = made.run("--yes", "--write", str(made.file), *more)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return made.endpoint["issuer"]["host"]


def test_all_that_was_provisioned_is_deleted_and_nothing_else(provisioned: Provisioned, account: Account) -> None:
    before = account.state()
    provision(provisioned)
    assert provisioned.proxy.hidden_reads > 0, "new resources were invisible at first"
    assert account.state() != before

    provisioned.proxy.seen.clear()
    ended = provisioned.run(command="deprovision", stdin=subprocess.DEVNULL)
    assert ended.returncode == 64 and "--yes" in ended.stderr
    ended = provisioned.run("--plan", "--output", "json", command="deprovision")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    [endpoint] = json.loads(ended.stdout)["endpoints"]
    assert [step["id"] for step in endpoint["steps"]] == [
        "workload-roles", "publisher-role", "identity-provider", "distribution", "access-control", "bucket",
    ]  # fmt: skip
    assert provisioned.changes == []

    ended = provisioned.run("--yes", command="deprovision")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert account.state() == before
    operations = check_requests(provisioned)
    assert {"DeleteRole", "DeleteOpenIDConnectProvider", "UpdateDistribution", "DeleteDistribution"} <= operations
    assert {"DeleteOriginAccessControl", "ListObjectVersions", "DeleteObject", "DeleteBucket"} <= operations

    provisioned.proxy.seen.clear()
    ended = provisioned.run("--yes", command="deprovision")
    assert ended.returncode == 0 and "one: nothing to change" in ended.stdout, ended.stdout + ended.stderr
    assert provisioned.changes == []


def test_what_a_role_of_somebody_else_trusts_stays_until_the_role_is_deleted(
    provisioned: Provisioned, account: Account
) -> None:
    before = account.state()
    host = provision(provisioned)
    provider = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{host}"
    trust = {
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow", "Principal": {"Federated": provider}, "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": {f"{host}:aud": "sts.amazonaws.com", f"{host}:sub": "trial:default:web"}},
        }],
    }  # fmt: skip
    account.iam.create_role(RoleName="theirs", AssumeRolePolicyDocument=json.dumps(trust))
    full = account.state()
    ended = provisioned.run("--yes", command="deprovision")
    assert ended.returncode == 75, ended.stdout + ended.stderr
    assert f"stays: {provider}: it is trusted by arn:aws:iam::{ACCOUNT}:role/theirs" in ended.stdout
    state = account.state()
    for part in ["buckets", "distributions", "controls", "providers"]:
        assert state[part] == full[part], f"{part} stay as they are"
    assert "theirs" in state["roles"] and len(state["roles"]) == len(full["roles"]) - 1
    account.iam.delete_role(RoleName="theirs")
    ended = provisioned.run("--yes", command="deprovision")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert account.state() == before


def test_an_object_of_somebody_else_keeps_the_bucket(provisioned: Provisioned, account: Account) -> None:
    before = account.state()
    provision(provisioned)
    bucket = provisioned.endpoint["publish"]["bucket"]
    account.s3.put_object(Bucket=bucket, Key="theirs", Body=b"theirs")
    account.s3.delete_object(Bucket=bucket, Key="theirs")
    ended = provisioned.run("--yes", command="deprovision")
    assert ended.returncode == 75 and '"theirs"' in ended.stdout, ended.stdout + ended.stderr
    state = account.state()
    assert {**state, "buckets": before["buckets"]} == before, "only the bucket is left"
    for key, version in state["buckets"][bucket]["versions"]:
        if key == "theirs":
            account.s3.delete_object(Bucket=bucket, Key=key, VersionId=version)
    ended = provisioned.run("--yes", command="deprovision")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert account.state() == before


def test_of_two_clusters_with_equal_names_the_other_one_stays(
    provisioned: Provisioned, another: Callable[[], Gateway], around: Surroundings, account: Account
) -> None:
    other = Provisioned(another(), around)
    provision(other)
    before = account.state()
    provision(provisioned)
    assert len(account.state()["buckets"]) == len(before["buckets"]) + 1
    ended = provisioned.run("--yes", command="deprovision")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert account.state() == before
    ended = other.run("--yes", "--write", str(other.file))
    assert ended.returncode == 0 and "one: nothing to change" in ended.stdout
    assert other.run("--yes", command="deprovision").returncode == 0
    other.proxy.stop()


def test_without_its_key_ring_the_owner_of_the_tags_names_what_is_deleted(
    provisioned: Provisioned, account: Account
) -> None:
    before = account.state()
    provision(provisioned)
    full = account.state()
    owner = provisioned.gateway.ring()["owner"]
    shutil.rmtree(provisioned.gateway.keys)
    ended = provisioned.run("--yes", command="deprovision")
    assert ended.returncode == 69 and "name it with --owner" in ended.stderr, ended.stdout + ended.stderr
    ended = provisioned.run("--yes", "--owner", "another-owner", command="deprovision")
    assert ended.returncode == 75 and account.state() == full, ended.stdout + ended.stderr
    ended = provisioned.run("--yes", "--owner", owner, command="deprovision")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert account.state() == before


FAULTS = ["reset-after", "internal-error", "throttling", "denied", "exists"]


def fault(kind: str) -> Callable[[Any, Request], bool]:
    statuses = {"internal-error": (500, "InternalError"), "throttling": (503, "Throttling"),
                "denied": (403, "AccessDenied"), "exists": (409, "EntityAlreadyExists")}  # fmt: skip

    def answer(handler: Any, request: Request) -> bool:
        if kind == "reset-after":
            handler.forward(request)
            return handler.hang_up(0)
        status, code = statuses[kind]
        document = f"<ErrorResponse><Error><Code>{code}</Code><Message>of the test</Message></Error></ErrorResponse>"
        return handler.reply(status, {"Content-Type": "text/xml", "Retry-After": "1"}, document.encode())

    return answer


def at_call(number: int) -> Callable[[Request], bool]:
    """Matches the request of that number alone."""
    count = iter(range(1 << 30))
    return lambda request: next(count) == number


def test_after_a_fault_at_any_call_the_next_run_reaches_the_same_state(
    another: Callable[[], Gateway], around: Surroundings, account: Account
) -> None:
    """Each call has one of the five faults in turn; the tests in memory have all five at each."""
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    policy = account.iam.create_policy(PolicyName="read-of-roles", PolicyDocument=document)["Policy"]["Arn"]
    before = account.state()
    count = iter(range(1 << 30))

    def with_role() -> Provisioned:
        made = Provisioned(another(), around)
        role = f"{{serviceAccounts: [default/web], policies: ['{policy}'], maxSession: 2h}}"
        text = made.file.read_text() + f"    provision: {{roles: {{reader-{next(count)}: {role}}}}}\n"
        made.file.write_text(text)
        return made

    reference = with_role()
    provision(reference)
    provisioning = len(reference.proxy.seen)
    wanted = {part: len(found) for part, found in account.state().items()}
    reference.proxy.seen.clear()
    assert reference.run("--yes", command="deprovision").returncode == 0
    removal = len(reference.proxy.seen)
    assert account.state() == before
    reference.proxy.stop()

    def endure(made: Provisioned, command: str, number: int) -> None:
        kind = FAULTS[number % len(FAULTS)]
        made.proxy.fail(fault(kind), count=1, when=at_call(number))
        arguments = ["--yes"] if command == "deprovision" else ["--yes", "--write", str(made.file)]
        for _ in range(3):
            ended = made.run(*arguments, command=command)
            if ended.returncode == 0:
                return
        raise AssertionError(f"{kind} at call {number} of {command}: {ended.stdout}{ended.stderr}")

    made = [with_role() for _ in range(max(provisioning, removal))]
    with ThreadPoolExecutor(6) as pool:  # a number beyond the calls is no fault
        list(pool.map(lambda index: endure(made[index], "provision", index), range(len(made))))
        state = account.state()
        for part, count in wanted.items():
            per_run = count - len(before[part])
            assert len(state[part]) == len(before[part]) + len(made) * per_run, part
        for one in made:
            one.proxy.clear()
            one.proxy.seen.clear()
        list(pool.map(lambda index: endure(made[index], "deprovision", index), range(len(made))))
    assert account.state() == before
    account.iam.delete_policy(PolicyArn=policy)
    for one in made:
        one.proxy.stop()
