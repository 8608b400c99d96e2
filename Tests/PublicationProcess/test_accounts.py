"""Several accounts: the documents in one, providers and roles in others, through an assumed role and a profile."""

import argparse
import json
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aws_administrator
import aws_models
import cluster_identity
import pytest
from gateway_program import EXCHANGE, JWT, OWN_AUDIENCE
from moto_account import account_client

from .cloud import ACCOUNT, CLUSTER, Cloud
from .test_deprovisioning import Account
from .test_provisioning import Provisioned, check_requests, provisioned  # noqa: F401
from .test_templates import check_contained, cloudformation, form, terraform

TWO, THREE = "222222222222", "333333333333"
BLOCK = f"""\
    provision:
      accounts:
        "{TWO}": {{role: "arn:aws:iam::{TWO}:role/provisioning"}}
        "{THREE}": {{profile: three}}
      roles:
        reader:
          account: "{TWO}"
          serviceAccounts: [default/web]
          policies: [POLICY]
          maxSession: 2h
        local: {{serviceAccounts: [default/api]}}
"""


class Accounts:
    """An endpoint with roles in three accounts."""

    def __init__(self, made: Provisioned, cloud: Cloud) -> None:
        self.made, self.cloud = made, cloud
        self.iam = {name: account_client(cloud.moto, name, "iam") for name in [ACCOUNT, TWO, THREE]}
        document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
        self.policy = self.iam[TWO].create_policy(PolicyName=f"read-{secrets.token_hex(4)}", PolicyDocument=json.dumps(document))["Policy"]["Arn"]
        trust = {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"},
        ]}  # fmt: skip
        self.iam[TWO].create_role(RoleName="provisioning", AssumeRolePolicyDocument=json.dumps(trust))
        self.keys = aws_administrator.set_up(cloud.moto, THREE)
        made.proxy.accounts[self.keys["AWS_ACCESS_KEY_ID"]] = THREE
        made.file.write_text(made.file.read_text() + BLOCK.replace("POLICY", self.policy))
        self.log_in("three")

    def log_in(self, profile: str) -> None:
        file = self.made.gateway.folder / ".aws/credentials"
        file.parent.mkdir(exist_ok=True)
        lines = [f"{name.lower()} = {value}" for name, value in self.keys.items()]
        file.write_text("\n".join([f"[{profile}]", *lines, ""]))

    def clear(self) -> None:
        self.iam[TWO].delete_role(RoleName="provisioning")
        for role in self.iam[TWO].list_entities_for_policy(PolicyArn=self.policy)["PolicyRoles"]:
            self.iam[TWO].detach_role_policy(RoleName=role["RoleName"], PolicyArn=self.policy)
            self.iam[TWO].delete_role(RoleName=role["RoleName"])
        self.iam[TWO].delete_policy(PolicyArn=self.policy)
        self.iam[THREE].delete_access_key(
            UserName=aws_administrator.USER, AccessKeyId=self.keys["AWS_ACCESS_KEY_ID"]
        )
        local = [one["RoleName"] for one in self.iam[ACCOUNT].list_roles()["Roles"]]
        if "local" in local:
            self.iam[ACCOUNT].delete_role(RoleName="local")

    def state(self) -> dict[str, Any]:
        """The providers and roles of each account."""
        found: dict[str, Any] = {}
        for name, iam in self.iam.items():
            account = Account(self.cloud.moto)
            account.iam = iam
            found[name] = {
                "providers": {
                    one["Arn"]: account.provider(one["Arn"])
                    for one in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
                },
                "roles": {one["RoleName"]: account.role(one["RoleName"]) for one in iam.list_roles()["Roles"]},
            }
        return found


@pytest.fixture
def accounts(provisioned: Provisioned, cloud: Cloud) -> Iterator[Accounts]:  # noqa: F811
    made = Accounts(provisioned, cloud)
    yield made
    made.clear()


def test_providers_and_roles_are_in_their_accounts_and_the_sts_accepts_a_token_there(
    accounts: Accounts, provisioned: Provisioned, cloud: Cloud  # noqa: F811
) -> None:
    before = accounts.state()
    ended = provisioned.run("--yes", "--write", str(provisioned.file))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    first = ended.stdout.splitlines()[0]
    for name in [ACCOUNT, TWO, THREE]:
        assert f"AWS account {name}, arn:aws:" in first, "all identities are printed first"
    check_requests(provisioned)
    calls = [aws_models.operation("sts", request) for request in provisioned.around.sts.seen]
    assert {name for name, _ in calls} == {"GetCallerIdentity", "AssumeRole"}
    assert [problems for _, problems in calls if problems] == []
    host = provisioned.endpoint["issuer"]["host"]
    state = accounts.state()
    for name in [ACCOUNT, TWO, THREE]:
        assert f"arn:aws:iam::{name}:oidc-provider/{host}" in state[name]["providers"]
    publisher = provisioned.endpoint["publish"]["role"].split("/")[-1]
    assert set(state[ACCOUNT]["roles"]) - set(before[ACCOUNT]["roles"]) == {publisher, "local"}
    assert set(state[TWO]["roles"]) - set(before[TWO]["roles"]) == {"reader"}
    assert state[THREE]["roles"] == before[THREE]["roles"]
    assert provisioned.endpoint["publish"]["account"] == ACCOUNT
    provisioned.proxy.seen.clear()
    ended = provisioned.run("--yes", "--write", str(provisioned.file))
    assert ended.returncode == 0 and provisioned.changes == [], ended.stdout + ended.stderr

    # A token of the gateway in the second account.
    gateway = provisioned.gateway
    edge, port = provisioned.around.edge.address.split(":")
    cloud.connect_to[host] = (edge, int(port))
    gateway.endpoints["one"] = {key: value for key, value in provisioned.endpoint.items() if key != "provision"}
    gateway.serve(with_credentials=False)
    sts = account_client(cloud.sts.url, TWO, "sts")

    def assume(service_account: str) -> str:
        options = argparse.Namespace(
            namespace="default", serviceaccount=service_account, pod="web-0", node="node-1", audience=[OWN_AUDIENCE],
            ttl=3600, not_before=0,
        )  # fmt: skip
        exchange = urlencode({
            "grant_type": EXCHANGE, "subject_token_type": JWT,
            "subject_token": cluster_identity.token(gateway.identity, options),
        })  # fmt: skip
        token = json.loads(gateway.call("POST", "/one/token", exchange)[1])["access_token"]
        try:
            sts.assume_role_with_web_identity(
                RoleArn=f"arn:aws:iam::{TWO}:role/reader", RoleSessionName="web", WebIdentityToken=token
            )
        except sts.exceptions.ClientError as error:
            return error.response["Error"]["Code"]
        return ""

    assert assume("web") == ""
    assert assume("api") == "AccessDenied", f"{CLUSTER}:default:api may assume another role only"
    gateway.stop()

    # An account that cannot be read counts as trusting.
    accounts.log_in("none")
    ended = provisioned.run("--yes", command="deprovision")
    assert ended.returncode == 75 and "counts as trusting" in ended.stdout, ended.stdout + ended.stderr
    left = accounts.state()
    assert list(left[THREE]["providers"]) == list(state[THREE]["providers"])
    assert Account(cloud.moto).front.list_distributions()["DistributionList"]["Quantity"] == 1
    accounts.log_in("three")
    ended = provisioned.run("--yes", command="deprovision")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert accounts.state() == before


def test_a_role_elsewhere_that_trusts_the_issuer_keeps_its_provider(
    accounts: Accounts, provisioned: Provisioned, cloud: Cloud  # noqa: F811
) -> None:
    before = accounts.state()
    assert provisioned.run("--yes", "--write", str(provisioned.file)).returncode == 0
    host = provisioned.endpoint["issuer"]["host"]
    provider = f"arn:aws:iam::{THREE}:oidc-provider/{host}"
    trust = {"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Federated": provider}, "Action": "sts:AssumeRoleWithWebIdentity",
    }]}  # fmt: skip
    accounts.iam[THREE].create_role(RoleName="theirs", AssumeRolePolicyDocument=json.dumps(trust))
    ended = provisioned.run("--yes", command="deprovision")
    assert ended.returncode == 75, ended.stdout + ended.stderr
    assert f"stays: {provider}: it is trusted by arn:aws:iam::{THREE}:role/theirs" in ended.stdout
    state = accounts.state()
    assert list(state[THREE]["providers"]) == [provider] and state[TWO] == before[TWO]
    assert Account(cloud.moto).front.list_distributions()["DistributionList"]["Quantity"] == 1, "its host is not free"
    accounts.iam[THREE].delete_role(RoleName="theirs")
    assert provisioned.run("--yes", command="deprovision").returncode == 0
    assert accounts.state() == before


def test_credentials_of_another_account_stop_before_any_change(
    accounts: Accounts, provisioned: Provisioned  # noqa: F811
) -> None:
    provisioned.proxy.accounts.clear()
    text = provisioned.file.read_text().replace("profile: three", f'role: "arn:aws:iam::{TWO}:role/provisioning"')
    provisioned.file.write_text(text)
    ended = provisioned.run("--yes")
    assert ended.returncode == 78 and f"provision.accounts.{THREE}.role: the role is in another account" in ended.stderr
    provisioned.file.write_text(text.replace(f'"{THREE}": {{role: "arn:aws:iam::{TWO}:role/provisioning"}}', f'"{THREE}": {{}}'))
    ended = provisioned.run("--yes")
    assert ended.returncode == 69 and f"provision.accounts.{THREE}: its credentials are those of the account {ACCOUNT}" in ended.stderr
    assert provisioned.changes == []


# ------------------------------------------------------------------------------------------------------------ the templates


def created(made: Provisioned, action: str, **conditions: str) -> dict[str, Any]:
    """The only request of that action with these values."""
    found = [form(request) for request in made.proxy.seen if request.body.startswith(b"Action=")]
    [one] = [f for f in found if f["Action"] == action and conditions.items() <= f.items()]
    return one


def test_terraform_has_the_roles_and_a_provider_for_each_further_account(
    accounts: Accounts, provisioned: Provisioned  # noqa: F811
) -> None:
    _, resources, imports, document = terraform(provisioned, "--yes")
    assert imports == {}
    providers = {one['"aws"']["alias"].strip('"'): one['"aws"'] for one in document["provider"]}
    assert set(providers) == {f"sts_one_{TWO}", f"sts_one_{THREE}"}
    assert providers[f"sts_one_{TWO}"]["allowed_account_ids"] == [f'"{TWO}"']
    assert providers[f"sts_one_{TWO}"]["assume_role"][0]["role_arn"] == f'"arn:aws:iam::{TWO}:role/provisioning"'
    assert providers[f"sts_one_{THREE}"]["profile"] == '"three"'

    kind = "aws_iam_openid_connect_provider"
    assert {name for k, name in resources if k == kind} == {"sts_one", f"sts_one_{TWO}", f"sts_one_{THREE}"}
    for (k, name), body in resources.items():
        account = name.removeprefix("sts_one").removeprefix("_").partition("_")[0]
        alias = f"${{aws.sts_one_{account}}}" if account.isdigit() else None
        assert body.get("provider") == alias, f"{k}.{name}"
    role = resources["aws_iam_role", f"sts_one_{TWO}_role_reader"]
    assert role["depends_on"] == [f"${{{kind}.sts_one_{TWO}}}"]
    attachment = resources["aws_iam_role_policy_attachment", f"sts_one_{TWO}_role_reader"]
    assert attachment["role"] == f"${{aws_iam_role.sts_one_{TWO}_role_reader.name}}"
    assert accounts.policy in attachment["for_each"] and attachment["policy_arn"] == "${each.value}"
    assert ("aws_iam_role_policy_attachment", "sts_one_role_local") not in resources

    ended = provisioned.run("--yes", "--write", str(provisioned.file))
    assert ended.returncode == 0, ended.stderr
    text, resources, imports, _ = terraform(provisioned)
    for name, action in [("reader", f"sts_one_{TWO}_role_reader"), ("local", "sts_one_role_local")]:
        check_role(resources["aws_iam_role", action], created(provisioned, "CreateRole", RoleName=name))
        assert imports[f"aws_iam_role.{action}"] == name
    assert created(provisioned, "AttachRolePolicy", RoleName="reader")["PolicyArn"] == accounts.policy
    address = f'aws_iam_role_policy_attachment.sts_one_{TWO}_role_reader["{accounts.policy}"]'
    assert f"to = {address}\n" in text and f'id = "reader/{accounts.policy}"' in text
    for account in [TWO, THREE]:
        host = provisioned.endpoint["issuer"]["host"]
        assert imports[f"{kind}.sts_one_{account}"] == f"arn:aws:iam::{account}:oidc-provider/{host}"


def check_role(body: dict[str, Any], sent: dict[str, Any]) -> None:
    """Every property of a role of Terraform is in the request."""
    names = {
        "name": "RoleName", "description": "Description", "assume_role_policy": "AssumeRolePolicyDocument",
        "max_session_duration": "MaxSessionDuration", "tags": "Tags",
    }  # fmt: skip
    for name, value in body.items():
        if name in ("provider", "depends_on"):
            continue
        if name == "tags":
            value = [{"Key": key, "Value": inner} for key, inner in value.items()]
        check_contained(name, value, sent[names[name]])


def test_cloudformation_has_a_template_for_each_account(
    accounts: Accounts, provisioned: Provisioned, tmp_path: Path  # noqa: F811
) -> None:
    ended = provisioned.run("--output", "cloudformation", "--yes", stdin=subprocess.DEVNULL)
    assert ended.returncode == 69 and ended.stdout == ""
    assert f"name it with --account: one of {ACCOUNT}, {TWO}, {THREE}" in ended.stderr
    ended = provisioned.run("--output", "cloudformation", "--account", TWO, stdin=subprocess.DEVNULL)
    assert ended.returncode == 69 and "the issuer's host is not known before the distribution exists" in ended.stderr
    template = cloudformation(provisioned, tmp_path, "--account", ACCOUNT)
    assert "WorkloadRolelocal" in template["Resources"] and "WorkloadRolereader" not in template["Resources"]
    assert any(TWO in note for note in template["Metadata"]["Notes"])

    ended = provisioned.run("--yes", "--write", str(provisioned.file))
    assert ended.returncode == 0, ended.stderr
    template = cloudformation(provisioned, tmp_path, "--account", TWO)
    assert set(template["Resources"]) == {"IdentityProvider", "WorkloadRolereader"}
    role = template["Resources"]["WorkloadRolereader"]
    properties = dict(role["Properties"])
    attached = created(provisioned, "AttachRolePolicy", RoleName="reader")
    assert properties.pop("ManagedPolicyArns") == [attached["PolicyArn"]] and role["DependsOn"] == "IdentityProvider"
    check_contained("role", properties, created(provisioned, "CreateRole", RoleName="reader"))
    host = provisioned.endpoint["issuer"]["host"]
    assert template["Resources"]["IdentityProvider"]["Properties"]["Url"] == f"https://{host}"
    template = cloudformation(provisioned, tmp_path, "--account", THREE)
    assert set(template["Resources"]) == {"IdentityProvider"}
    ended = provisioned.run("--output", "cloudformation", "--account", "444444444444", stdin=subprocess.DEVNULL)
    assert ended.returncode == 69 and "--account: no resource in the account" in ended.stderr
