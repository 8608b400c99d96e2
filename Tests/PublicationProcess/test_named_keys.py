"""`issuer.jwksPath`: the key set is published at the path that `jwks_uri` names, and at `/certs` for older readers."""

import json

import aws_accounts
from gateway_program import CLUSTER, exchange_form
from joserfc import jws
from moto_account import account_client
from waiting import until

from .cloud import ACCOUNT, DISCOVERY, KEYS, Place, Surroundings
from .gateway_process import Gateway

NAMED = "openid/v1/jwks"


def reader(place: Place) -> str:
    """A role that the workload may assume."""
    host = place.publication.domain
    statement = {
        "Effect": "Allow", "Principal": {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{host}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {f"{host}:aud": "sts.amazonaws.com", f"{host}:sub": f"{CLUSTER}:default:web"}},
    }  # fmt: skip
    trust = {"Version": "2012-10-17", "Statement": [statement]}
    return aws_accounts.put_role(account_client(place.moto, ACCOUNT, "iam"), f"reader-{place.bucket}", trust)


def test_both_paths_are_published_and_served_and_a_token_of_each_key_is_accepted(
    gateway: Gateway, place: Place, around: Surroundings
) -> None:
    around.documents.append(NAMED)
    host, endpoint = place.publication.domain, gateway.endpoints["one"]
    endpoint["issuer"]["jwksPath"] = f"/{NAMED}"
    endpoint["rotation"] = {"propagation": "2s", "maxAge": "1s"}
    ended = gateway.publish()
    assert ended.returncode == 0, ended.stdout + ended.stderr
    puts = [request.path.removeprefix(f"/{place.bucket}/") for request in around.objects(place, "PUT")]
    assert sorted(puts[:2]) == [KEYS, NAMED] and puts[2:] == [DISCOVERY], "the key sets precede the document that names one"
    assert json.loads(place.get(DISCOVERY))["jwks_uri"] == f"https://{host}/{NAMED}"
    paths = {path for batch in place.invalidations for path in batch["Paths"]["Items"]}
    assert f"/{NAMED}" in paths or "/*" in paths, paths

    gateway.serve()
    until(lambda: gateway.matches() == 1, "the public documents are read")
    assert {(host, f"/{name}") for name in [KEYS, NAMED, DISCOVERY]} <= set(around.edge.reads), "the probe reads all"
    sts, role = account_client(around.cloud.sts.url, ACCOUNT, "sts"), reader(place)

    def accepted_kid() -> str:
        """Assumes the role as boto3 does; returns the key's id."""
        token = json.loads(gateway.call("POST", "/one/token", exchange_form(gateway.identity))[1])["access_token"]
        around.edge.reads.clear()
        answer = sts.assume_role_with_web_identity(RoleArn=role, RoleSessionName="web", WebIdentityToken=token)
        assert answer["Credentials"]["AccessKeyId"]
        return jws.extract_compact(token.encode()).headers()["kid"]

    first = accepted_kid()
    assert (host, f"/{NAMED}") in around.edge.reads, "by jwks_uri"
    assert gateway.command("keys", "rotate", "--endpoint", "one").returncode == 0
    until(lambda: [key["state"] for key in gateway.ring()["keys"]] == ["retiring", "active"], "the rotation")
    second = accepted_kid()
    assert second != first
    for content in [
        place.get(KEYS), place.get(NAMED), around.edge.answer(host, f"/{NAMED}")[0].content,
        gateway.call("GET", "/one/certs")[1], gateway.call("GET", f"/one/{NAMED}")[1],
    ]:  # fmt: skip
        assert [key["kid"] for key in json.loads(content)["keys"]] == [first, second]
    gateway.stop()
