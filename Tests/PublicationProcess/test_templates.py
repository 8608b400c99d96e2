"""`provision aws --output terraform` and `cloudformation`: the resources that apply creates, and nothing else."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl
from xml.etree import ElementTree

import hcl2
import pytest
from edge import Front
from fault_rule import Request

from .cloud import ACCOUNT, Surroundings
from .gateway_process import Gateway
from .test_provisioning import Provisioned

REFERENCE = re.compile(r"\$\{aws_[a-z_]+\.sts_one\.[a-z_]+\}")


@pytest.fixture
def provisioned(another: Callable[[], Gateway], around: Surroundings) -> Iterator[Provisioned]:
    made = Provisioned(another(), around)
    yield made
    made.proxy.stop()


# ------------------------------------------------------------------------------------ the recorded requests, as plain values


def members(element: ElementTree.Element) -> Any:
    """The value of an XML element: a list of CloudFront (Quantity, Items) is a list."""
    children = {child.tag.partition("}")[2] or child.tag: child for child in element}
    if not children:
        return element.text or ""
    if "Quantity" in children and set(children) <= {"Quantity", "Items", "CachedMethods"}:
        return [members(child) for child in children.get("Items", [])]
    if [child.tag for child in element].count(element[0].tag) > 1:
        return [members(child) for child in element]
    made = {name: members(child) for name, child in children.items() if name != "Quantity"}
    for name, child in children.items():
        cached = next((one for one in child if one.tag.endswith("CachedMethods")), None)
        if cached is not None:
            made["CachedMethods"] = members(cached)
    return made


def form(request: Request) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in parse_qsl(request.body.decode(), keep_blank_values=True):
        key, _, rest = name.partition(".member.")
        if rest.count("."):
            index, _, part = rest.partition(".")
            made.setdefault(key, {}).setdefault(index, {})[part] = value
        elif rest:
            made.setdefault(key, []).append(value)
        else:
            made[key] = json.loads(value) if key.endswith(("Document", "PolicyDocument")) else value
    if isinstance(made.get("Tags"), dict):
        made["Tags"] = list(made["Tags"].values())
    return made


def recorded(made: Provisioned) -> dict[str, dict[str, Any]]:
    """What apply has sent, by the resource type of CloudFormation."""
    found: dict[str, dict[str, Any]] = {}
    for request in made.proxy.seen:
        path, _, query = request.path.partition("?")
        query = query.removesuffix("=")
        if request.method in ("GET", "HEAD") or not request.body:
            continue
        if path == "/":
            action = form(request).get("Action")
            types = {"CreateRole": "AWS::IAM::Role", "PutRolePolicy": "AWS::IAM::RolePolicy",
                     "CreateOpenIDConnectProvider": "AWS::IAM::OIDCProvider"}  # fmt: skip
            if action in types:
                found[types[action]] = form(request)
        elif path.startswith("/2020-05-31/"):
            root = ElementTree.fromstring(request.body)
            if path.endswith("/origin-access-control"):
                found["AWS::CloudFront::OriginAccessControl"] = {"OriginAccessControlConfig": members(root)}
            elif path.endswith("/distribution"):
                found["AWS::CloudFront::Distribution"] = {
                    "DistributionConfig": members(root[0]), "Tags": [members(tag) for tag in root[1][0]],
                }  # fmt: skip
        elif query == "policy":
            found["AWS::S3::BucketPolicy"] = {"Bucket": path[1:], "PolicyDocument": json.loads(request.body)}
        elif query:
            bucket = found.setdefault("AWS::S3::Bucket", {"BucketName": path.split("/")[1]})
            root = ElementTree.fromstring(request.body)
            names = {"publicAccessBlock": "PublicAccessBlockConfiguration", "versioning": "VersioningConfiguration"}
            if query in names:
                bucket[names[query]] = members(root)
            elif query == "ownershipControls":
                bucket["OwnershipControls"] = {"Rules": [members(root[0])]}
            elif query == "tagging":
                bucket["Tags"] = [members(tag) for tag in root[0]]
    return found


def same_name(name: str) -> str:
    return name.replace("_", "").lower()


def check_contained(place: str, wanted: Any, sent: Any) -> None:
    """Every property is a member of the request, with its value."""
    if isinstance(wanted, dict):
        assert isinstance(sent, dict), f"{place}: the request has {sent!r}"
        names = {same_name(name): value for name, value in sent.items()}
        for name, value in wanted.items():
            assert same_name(name) in names, f"{place}.{name}: not in the request, which has {sorted(sent)}"
            check_contained(f"{place}.{name}", value, names[same_name(name)])
    elif isinstance(wanted, list):
        assert isinstance(sent, list) and len(sent) == len(wanted), f"{place}: the request has {sent!r}"
        for index, value in enumerate(wanted):
            check_contained(f"{place}[{index}]", value, sent[index])
    else:
        text = str(wanted).lower() if isinstance(wanted, bool) else str(wanted)
        assert text == str(sent), f"{place}: {text!r}, but the request has {sent!r}"


# -------------------------------------------------------------------------------------------------- the files of Terraform


def plain(value: Any) -> Any:
    """A value of python-hcl2 without quotes, marks and the call of jsonencode."""
    if isinstance(value, dict):
        return {plain(name): plain(inner) for name, inner in value.items() if name != "__is_block__"}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    if isinstance(value, str) and value.startswith("${jsonencode("):
        [document] = hcl2.loads(f"x = [{value.removeprefix('${jsonencode(').removesuffix(')}')}]\n")["x"]
        return plain(document)
    if isinstance(value, str) and value.startswith('"'):
        return json.loads(value)
    return value


RENAMED = {
    "origin": "Origins", "origin_id": "Id", "custom_error_response": "CustomErrorResponses", "bucket": "BucketName",
    "client_id_list": "ClientIDList", "assume_role_policy": "AssumeRolePolicyDocument", "rule": "Rules",
}  # fmt: skip
LISTS = {"origin", "custom_error_response", "rule"}


def as_request(value: Any, name: str = "") -> Any:
    """The names of the request; a block that may occur once is an object, and tags are a list."""
    if name == "tags":
        return [{"Key": key, "Value": inner} for key, inner in value.items()]
    if isinstance(value, dict):
        return {RENAMED.get(key, key): as_request(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        items = [as_request(inner) for inner in value]
        return items[0] if items and isinstance(items[0], dict) and name not in LISTS else items
    return value


Resources = dict[tuple[str, str], Any]
"""The bodies by type and local name."""


def terraform(made: Provisioned, *more: str) -> tuple[str, Resources, dict[str, str], dict[str, Any]]:
    """The text, the resources, the imports by address, and the document."""
    ended = made.run("--output", "terraform", *more, stdin=subprocess.DEVNULL)
    assert ended.returncode == 0, ended.stderr
    document = hcl2.loads(ended.stdout)
    resources: Resources = {}
    for one in document.get("resource", []):
        [(kind, named)] = one.items()
        [(name, body)] = named.items()
        address = json.loads(kind), json.loads(name)
        assert address not in resources and re.fullmatch(r"sts_one(_[A-Za-z0-9_-]+)?", address[1])
        resources[address] = plain(body)
    imports = {one["to"].strip("${}"): json.loads(one["id"]) for one in document.get("import", [])}
    return ended.stdout, resources, imports, document


def of_one_account(resources: Resources) -> dict[str, Any]:
    """The same by type, where each type has one resource."""
    assert {name for _, name in resources} == {"sts_one"}
    return {kind: body for (kind, _), body in resources.items()}


def resolved(resources: dict[str, Any], sent: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The resources of Terraform with the names of the requests, by the type of CloudFormation."""
    assert resources["aws_s3_bucket_policy"]["depends_on"] == ["${aws_s3_bucket_public_access_block.sts_one}"]
    assert resources["aws_iam_role"]["depends_on"] == ["${aws_iam_openid_connect_provider.sts_one}"]
    bucket = {
        **resources["aws_s3_bucket"],
        "PublicAccessBlockConfiguration": without_bucket(resources["aws_s3_bucket_public_access_block"]),
        "OwnershipControls": without_bucket(resources["aws_s3_bucket_ownership_controls"]),
        "VersioningConfiguration": resources["aws_s3_bucket_versioning"]["versioning_configuration"],
    }  # fmt: skip
    distribution = dict(resources.get("aws_cloudfront_distribution", {}))
    tags = distribution.pop("tags", {})
    role, policy = resources["aws_iam_role"], resources["aws_iam_role_policy"]
    assert policy["role"] == "${aws_iam_role.sts_one.name}"
    assert resources["aws_s3_bucket_policy"]["bucket"] == "${aws_s3_bucket.sts_one.id}"
    made = {
        "AWS::S3::Bucket": bucket,
        "AWS::IAM::OIDCProvider": resources["aws_iam_openid_connect_provider"],
    }  # fmt: skip
    if distribution:
        control = resources["aws_cloudfront_origin_access_control"]
        made["AWS::CloudFront::OriginAccessControl"] = {"OriginAccessControlConfig": control}
        made["AWS::CloudFront::Distribution"] = {"DistributionConfig": distribution, "tags": tags}
    made = {kind: as_request(body) for kind, body in made.items()}
    made["AWS::S3::BucketPolicy"] = {"PolicyDocument": resources["aws_s3_bucket_policy"]["policy"]}
    made["AWS::IAM::Role"] = {
        "RoleName": role["name"], "Path": role["path"], "Description": role["description"],
        "AssumeRolePolicyDocument": role["assume_role_policy"], "Tags": as_request(role["tags"], "tags"),
    }  # fmt: skip
    made["AWS::IAM::RolePolicy"] = {"PolicyName": policy["name"], "PolicyDocument": policy["policy"]}
    return made


def without_bucket(body: dict[str, Any]) -> dict[str, Any]:
    assert body["bucket"] == "${aws_s3_bucket.sts_one.id}"
    return {name: value for name, value in body.items() if name != "bucket"}


# --------------------------------------------------------------------------------------------------------------- the tests


def test_terraform_has_what_apply_creates(provisioned: Provisioned) -> None:
    ended = provisioned.run("--output", "terraform", stdin=subprocess.DEVNULL)
    assert ended.returncode == 64 and "add --yes to create it" in ended.stderr
    text, resources, imports, document = terraform(provisioned, "--yes")
    assert "provider" not in document and "terraform" not in document, "files of two endpoints fit into one folder"
    assert imports == {} and "import {" not in text, "nothing exists"
    assert not any("object" in kind for kind, _ in resources), "the gateway writes the two documents"
    references = set(REFERENCE.findall(text))
    assert references == {
        "${aws_cloudfront_distribution.sts_one.id}", "${aws_cloudfront_distribution.sts_one.domain_name}",
        "${aws_cloudfront_origin_access_control.sts_one.id}",
    }  # fmt: skip
    assert provisioned.changes == []

    ended = provisioned.run("--yes", "--write", str(provisioned.file))
    assert ended.returncode == 0, ended.stderr
    sent, publish = recorded(provisioned), provisioned.endpoint["publish"]
    host = provisioned.endpoint["issuer"]["host"]
    provisioned.proxy.seen.clear()
    text, resources, imports, _ = terraform(provisioned)
    assert provisioned.changes == []
    assert not REFERENCE.search(text), "all ids are known"
    for kind, body in resolved(of_one_account(resources), sent).items():
        check_contained(kind, body, sent[kind])
    assert imports.pop("aws_cloudfront_origin_access_control.sts_one")
    role = publish["role"].split("/")[-1]
    imports = {address.removesuffix(".sts_one"): value for address, value in imports.items()}
    assert imports == {
        "aws_s3_bucket": publish["bucket"], "aws_s3_bucket_policy": publish["bucket"],
        "aws_cloudfront_distribution": publish["distribution"],
        "aws_iam_openid_connect_provider": f"{publish['role'].split(':role/')[0]}:oidc-provider/{host}",
        "aws_iam_role": role, "aws_iam_role_policy": f"{role}:{role}",
    }  # fmt: skip


def serve_from_bucket(made: Provisioned) -> str:
    """Lets the bucket serve the documents, and the CDN stand in for it; returns the host."""
    made.file.write_text(made.file.read_text() + "    provision: {serving: s3}\n")
    _, resources, _, _ = terraform(made, "--yes")
    bucket = resources["aws_s3_bucket", "sts_one"]["bucket"]
    host = f"{bucket}.s3.us-east-1.amazonaws.com"
    made.around.edge.fronts[host] = Front(ACCOUNT, bucket)
    return host


def test_terraform_of_a_bucket_that_serves_the_documents(provisioned: Provisioned, tmp_path: Path) -> None:
    host = serve_from_bucket(provisioned)
    _, resources, imports, _ = terraform(provisioned)
    assert not any("cloudfront" in kind for kind, _ in resources) and imports == {}
    policy = resources["aws_s3_bucket_policy", "sts_one"]
    assert policy["depends_on"] == ["${aws_s3_bucket_public_access_block.sts_one}"]
    ended = provisioned.run("--yes", "--write", str(provisioned.file))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert provisioned.endpoint["issuer"]["host"] == host
    sent = recorded(provisioned)
    assert sent["AWS::S3::BucketPolicy"]["PolicyDocument"]["Statement"][0]["Principal"] == "*"
    _, resources, imports, _ = terraform(provisioned)
    for kind, body in resolved(of_one_account(resources), sent).items():
        check_contained(kind, body, sent[kind])
    assert {address.partition(".")[0] for address in imports} == {
        "aws_s3_bucket", "aws_s3_bucket_policy", "aws_iam_openid_connect_provider", "aws_iam_role", "aws_iam_role_policy",
    }  # fmt: skip
    template = cloudformation(provisioned, tmp_path)
    kinds = {one["Type"]: one["Properties"] for one in template["Resources"].values()}
    assert set(kinds) == set(sent)
    for kind, properties in kinds.items():
        check_contained(kind, properties, sent[kind])


def test_templates_of_an_issuer_that_is_hosted_elsewhere(provisioned: Provisioned, tmp_path: Path) -> None:
    text = "    issuer: {host: issuer.example}\n    provision: {serving: external, roles: {web: {serviceAccounts: [default/web]}}}\n"
    provisioned.file.write_text(provisioned.file.read_text() + text)
    _, resources, imports, _ = terraform(provisioned, "--yes")
    assert set(resources) == {("aws_iam_openid_connect_provider", "sts_one"), ("aws_iam_role", "sts_one_role_web")}
    assert imports == {}
    template = cloudformation(provisioned, tmp_path)
    assert set(template["Resources"]) == {"IdentityProvider", "WorkloadRoleweb"}
    # One role alone.
    _, resources, _, _ = terraform(provisioned, "role", "odd=name,x", "--service-account", "default/odd")
    [(kind, name)] = resources
    assert kind == "aws_iam_role" and re.fullmatch(r"sts_one_role_odd_name_x_[0-9a-f]{8}", name)
    assert provisioned.changes == []


def test_a_role_alone_needs_a_known_host(provisioned: Provisioned) -> None:
    ended = provisioned.run("--output", "terraform", "--yes", "role", "web", "--service-account", "default/web")
    assert ended.returncode == 69 and "host is not known" in ended.stderr and ended.stdout == ""


def cloudformation(made: Provisioned, folder: Path, *more: str) -> dict[str, Any]:
    """The template, which cfn-lint accepts."""
    ended = made.run("--output", "cloudformation", *more, stdin=subprocess.DEVNULL)
    assert ended.returncode == 0, ended.stderr
    file = folder / "template.json"
    file.write_text(ended.stdout)
    line = [str(Path(sys.executable).parent / "cfn-lint"), "--regions", "us-east-1", "--", str(file)]
    checked = subprocess.run(line, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    return json.loads(ended.stdout)


def test_cloudformation_has_what_apply_creates(provisioned: Provisioned, tmp_path: Path) -> None:
    template = cloudformation(provisioned, tmp_path, "--yes")
    assert "Metadata" not in template and not any("DeletionPolicy" in one for one in template["Resources"].values())
    trust = template["Resources"]["PublisherRole"]["Properties"]["AssumeRolePolicyDocument"]["Fn::Sub"]
    assert '"${Distribution.DomainName}:sub":"sts-gateway:publisher:trial:one"' in trust
    assert provisioned.changes == []

    ended = provisioned.run("--yes", "--write", str(provisioned.file))
    assert ended.returncode == 0, ended.stderr
    sent = recorded(provisioned)
    template = cloudformation(provisioned, tmp_path)
    kinds = {one["Type"]: one["Properties"] for one in template["Resources"].values()}
    assert set(kinds) == set(sent)
    for kind, properties in kinds.items():
        check_contained(kind, properties, sent[kind])
    identifiers = {one["LogicalResourceId"] for one in template["Metadata"]["ResourcesToImport"]}
    assert identifiers == set(template["Resources"]), "all exist"
    assert {one["DeletionPolicy"] for one in template["Resources"].values()} == {"Retain"}


def test_a_policy_edited_by_hand_is_a_readable_diff_and_is_repaired(provisioned: Provisioned) -> None:
    from .test_deprovisioning import Account

    assert provisioned.run("--yes", "--write", str(provisioned.file)).returncode == 0
    account = Account(provisioned.proxy.moto)
    role = provisioned.endpoint["publish"]["role"].split("/")[-1]
    before = account.role(role)
    edited = json.loads(json.dumps(before["trust"]).replace("sts-gateway:publisher:trial:one", "trial:*"))
    account.iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(edited))
    ended = provisioned.run("--plan")
    assert ended.returncode == 0, ended.stderr
    lines = [line.strip() for line in ended.stdout.splitlines()]
    host = provisioned.endpoint["issuer"]["host"]
    assert "would write the trust policy" in lines
    changed = [re.sub(r"\s+", " ", line) for line in lines if line.startswith(("- ", "+ "))]
    assert changed == [
        f'- "{host}:sub": "trial:*"', f'+ "{host}:sub": "sts-gateway:publisher:trial:one"',
    ], "only the edited line differs"  # fmt: skip
    assert provisioned.run("--yes", "--write", str(provisioned.file)).returncode == 0
    assert account.role(role) == before
