"""`provision aws role`: what it writes and what `--check` says, against the evaluator of the strict STS."""

import json
from typing import Any

import trust_policy
from moto_account import account_client

from .cloud import ACCOUNT, CLUSTER, Cloud
from .test_provisioning import Provisioned, check_requests, provisioned  # noqa: F401

HOST = "issuer.example"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{HOST}"
OWN, OTHER = f"{CLUSTER}:default:web", f"{CLUSTER}:other:web"
PUBLISHER = f"sts-gateway:publisher:{CLUSTER}:one"
AUD, SUB = f"{HOST}:aud", f"{HOST}:sub"


def external(provisioned: Provisioned) -> None:  # noqa: F811
    """Lets the issuer be hosted elsewhere."""
    text = provisioned.file.read_text()
    provisioned.file.write_text(
        text + f"    issuer: {{host: {HOST}}}\n    provision: {{serving: external}}\n"
    )


def allows(policy: dict[str, Any], subject: str, provider: str = PROVIDER) -> bool:
    issuer = provider.split(":oidc-provider/", 1)[1]
    context = {f"{issuer}:aud": ("sts.amazonaws.com",), f"{issuer}:sub": (subject,)}
    return trust_policy.refusal(policy, provider, context) is None


def test_a_role_for_service_accounts(provisioned: Provisioned, cloud: Cloud) -> None:  # noqa: F811
    external(provisioned)
    iam = account_client(cloud.moto, ACCOUNT, "iam")
    attached = iam.create_policy(PolicyName="read", PolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}],
    }))["Policy"]["Arn"]  # fmt: skip
    arguments = [
        "role", "reader", "--service-account", "default/web", "--service-account", "default/api", "--policy", attached, "--max-session", "2h",
        "--session-tags", "--owner", "0123456789abcdef",
    ]  # fmt: skip
    ended = provisioned.run("--yes", *arguments)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert check_requests(provisioned) >= {"CreateRole", "AttachRolePolicy", "GetRole", "ListAttachedRolePolicies"}
    role = iam.get_role(RoleName="reader")["Role"]
    policy = role["AssumeRolePolicyDocument"]
    assert role["MaxSessionDuration"] == 7200 and len(policy["Statement"]) == 1
    assert policy["Statement"][0]["Action"] == ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"]
    assert [p["PolicyArn"] for p in iam.list_attached_role_policies(RoleName="reader")["AttachedPolicies"]] == [attached]
    assert allows(policy, OWN) and allows(policy, f"{CLUSTER}:default:api")
    assert not allows(policy, OTHER) and not allows(policy, PUBLISHER)
    assert not allows(policy, OWN, f"arn:aws:iam::{ACCOUNT}:oidc-provider/other.example")

    provisioned.proxy.seen.clear()
    ended = provisioned.run("--yes", *arguments)
    assert "nothing to change" in ended.stdout and provisioned.changes == [], ended.stdout + ended.stderr
    ended = provisioned.run("--check", "role", "reader")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert f"{role['Arn']} can be assumed by: ServiceAccount default/web, ServiceAccount default/api" in ended.stdout
    iam.detach_role_policy(RoleName="reader", PolicyArn=attached)
    iam.delete_role(RoleName="reader")


def statement(condition: dict[str, Any], **more: Any) -> dict[str, Any]:
    base = {
        "Effect": "Allow", "Principal": {"Federated": PROVIDER}, "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": condition,
    }  # fmt: skip
    return {key: value for key, value in (base | more).items() if value is not None}


EXACT = {"StringEquals": {AUD: "sts.amazonaws.com", SUB: OWN}}


def like(pattern: str) -> dict[str, Any]:
    return {"StringEquals": {AUD: "sts.amazonaws.com"}, "StringLike": {SUB: pattern}}


SAFE = [
    [statement(EXACT)],
    [statement(like(f"{CLUSTER}:default:*"))],
    [statement({"StringEquals": {AUD.upper(): "sts.amazonaws.com", SUB: [OWN, f"{CLUSTER}:default:api"]}})],
]
WIDE = [
    [statement({"StringEquals": {AUD: "sts.amazonaws.com"}})],
    [statement({"StringEquals": {SUB: OWN}})],
    [statement(like(f"{CLUSTER}:*"))],
    [statement(like("*:web"))],
    [statement(like("sts-gateway:*"))],
    [statement({"StringEquals": {AUD: "sts.amazonaws.com"}, "StringNotEquals": {SUB: OWN}})],
    [statement({"StringEqualsIfExists": {AUD: "sts.amazonaws.com", SUB: OWN}})],
    [statement({"ForAllValues:StringEquals": {AUD: ["sts.amazonaws.com"], SUB: [OWN]}})],
    [statement({"StringEquals": {"other.example:aud": "sts.amazonaws.com", "other.example:sub": OWN}})],
    [statement(EXACT, Principal={"AWS": "*"})],
    [statement(EXACT, Action="sts:*")],
    [statement(EXACT), statement(like("*"))],
]


def test_the_check_allows_nothing_that_reaches_further(provisioned: Provisioned, cloud: Cloud) -> None:  # noqa: F811
    external(provisioned)
    iam = account_client(cloud.moto, ACCOUNT, "iam")
    for index, statements in enumerate(SAFE + WIDE):
        policy = {"Version": "2012-10-17", "Statement": statements}
        name = f"checked-{index}"
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(policy))
        ended = provisioned.run("--check", "role", name, "--owner", "0123456789abcdef")
        is_wide = index >= len(SAFE)
        assert ended.returncode == (1 if is_wide else 0), f"{statements}: {ended.stdout}{ended.stderr}"
        assert ("error: " in ended.stdout) == is_wide
        # Whoever the evaluator lets in beside the namespace is an error of the check.
        if allows(policy, OTHER) or allows(policy, PUBLISHER):
            assert is_wide
        iam.delete_role(RoleName=name)
    ended = provisioned.run("--check", "role", "none", "--owner", "0123456789abcdef")
    assert ended.returncode == 69 and "there is no role" in ended.stderr
    assert provisioned.changes == []


def test_wrong_uses_are_rejected(provisioned: Provisioned) -> None:  # noqa: F811
    external(provisioned)
    for arguments, text in [
        (["role", "reader"], "--service-account"),
        (["role", "reader", "--service-account", "default/*"], "NAMESPACE/NAME without wildcards"),
        (["role", "reader", "--service-account", "a/b", "--max-session", "13h"], "expected 1h to 12h"),
        (["--session-tags"], "need role NAME"),
        (["rule", "reader"], "expected role NAME"),
    ]:
        ended = provisioned.run("--yes", *arguments)
        assert ended.returncode == 64 and text in ended.stderr, ended.stdout + ended.stderr
    ended = provisioned.run("--output", "text", "role", "reader", "--service-account", "a/b")
    assert ended.returncode == 64 and "--yes" in ended.stderr
    assert provisioned.changes == []
