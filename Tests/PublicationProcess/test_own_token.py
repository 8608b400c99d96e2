"""`credentials: [self]`: the gateway assumes the publisher role with its own token after its key is public."""

import base64
import json
import urllib.parse
from typing import Any

from waiting import until

from .cloud import CLUSTER, DISCOVERY, KEYS, Place, Surroundings
from .gateway_process import Gateway

ADVICE = "provision aws --endpoint one --only documents"


def test_with_an_empty_bucket_the_error_says_what_an_administrator_must_do(
    gateway: Gateway, place: Place, around: Surroundings
) -> None:
    ended = gateway.add(place, credentials=("self",)).publish()
    assert ended.returncode == 69
    assert ADVICE in ended.stdout + ended.stderr
    assert place.head(KEYS) is None and place.head(DISCOVERY) is None
    assert around.proxy.seen == [], "no request without credentials, and no other source is used"


def test_before_the_first_publication_the_gateway_logs_it_once_and_issues_tokens(
    gateway: Gateway, place: Place, around: Surroundings
) -> None:
    gateway.add(place, credentials=("self",)).serve()
    until(lambda: len(around.sts.requests("POST")) >= 3, "the third attempt")
    assert len(gateway.failures()) == 1 and ADVICE in gateway.failures()[0]
    assert gateway.exchange() == 200
    status, line = gateway.readiness()
    assert status == 200 and ADVICE in line
    # The administrator publishes with the same keys and other credentials.
    gateway.add(place)
    assert gateway.publish().returncode == 0
    # The running gateway follows its file, and uses its own credentials again.
    gateway.add(place, credentials=("self",))
    decisions = len(around.cloud.sts_log)
    gateway.write()
    until(lambda: around.cloud.sts_log[decisions:], "a session by its own token")
    until(lambda: gateway.readiness()[1].startswith("[+]"), "the recovery")
    gateway.stop()


def test_the_command_that_the_error_names_makes_the_first_publication(gateway: Gateway, place: Place) -> None:
    gateway.add(place, credentials=("self",))
    assert gateway.publish().returncode == 69
    ended = gateway.command("provision", "aws", "--endpoint", "one", "--only", "documents")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert place.owner(KEYS) == place.owner(DISCOVERY) == gateway.ring()["owner"]
    assert gateway.publish(with_credentials=False).returncode == 0


def test_after_the_first_publication_the_gateway_publishes_with_its_own_token(
    plain: Gateway, place: Place, around: Surroundings
) -> None:
    assert plain.publish().returncode == 0
    discovery = place.get(DISCOVERY)
    place.put(DISCOVERY, discovery)  # without its stamp, so that it must be written again
    around.proxy.seen.clear()
    around.edge.reads.clear()
    decisions = len(around.cloud.sts_log)
    # The administrator's credentials are still in its environment, and must not be used.
    plain.add(place, credentials=("self",)).serve()
    until(lambda: place.owner(DISCOVERY), "the publication")
    assert place.get(DISCOVERY) == discovery
    assert plain.failures() == []
    allowed = around.cloud.sts_log[decisions:]
    subject = f"sts-gateway:publisher:{CLUSTER}:one"
    assert len(allowed) == 1 and allowed[0].startswith(f"allowed: role {place.publication.role} ")
    assert f"subject '{subject}'" in allowed[0]
    host = place.publication.domain
    assert {(host, f"/{KEYS}"), (host, f"/{DISCOVERY}")} <= set(around.edge.reads), "the STS read the documents of the CDN"
    # The proxy has verified the signatures of the session; the administrator's key was not used.
    used = {request.headers["authorization"].split("Credential=")[1].split("/")[0] for request in around.proxy.seen}
    assert len(used) == 1 and around.cloud.administrator.key not in used
    claims = own_claims(around)
    assert claims["sub"] == subject and claims["exp"] - claims["iat"] <= 300
    assert claims["iss"] == f"https://{host}" and claims["aud"] == "sts.amazonaws.com"
    plain.stop()


def own_claims(around: Surroundings) -> dict[str, Any]:
    """The claims of the token in the last request to the STS."""
    form = urllib.parse.parse_qs(around.sts.requests("POST")[-1].body.decode())
    assert form["Action"] == ["AssumeRoleWithWebIdentity"]
    part = form["WebIdentityToken"][0].split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def test_an_expired_session_is_renewed_immediately(plain: Gateway, place: Place, around: Surroundings) -> None:
    assert plain.publish().returncode == 0
    place.put(DISCOVERY, place.get(DISCOVERY))
    around.proxy.fail("expired-token", "PUT", count=1)
    plain.add(place, credentials=("self",)).serve()
    until(lambda: place.owner(DISCOVERY), "the publication")
    assert len(around.sts.requests("POST")) == 2, "a session for the expired one"
    assert plain.failures() == [], "no error is logged"
    plain.stop()


def test_a_wrong_trust_policy_has_another_error_than_an_unpublished_key(
    plain: Gateway, place: Place, around: Surroundings
) -> None:
    assert plain.publish().returncode == 0
    other = around.place("other").publication.role
    ended = plain.add(place, credentials=("self",), role=other).publish()
    output = ended.stdout + ended.stderr
    assert ended.returncode == 69 and "trust policy" in output and ADVICE not in output


def test_an_unavailable_sts_is_logged_and_no_other_source_is_used(
    plain: Gateway, place: Place, around: Surroundings
) -> None:
    assert plain.publish().returncode == 0
    around.proxy.seen.clear()
    around.sts.fail("html")
    ended = plain.add(place, credentials=("self",)).publish()
    output = ended.stdout + ended.stderr
    assert ended.returncode == 69 and "sts:AssumeRoleWithWebIdentity" in output and "502" in output
    assert ADVICE not in output, "an unavailable service has denied nothing"
    assert around.proxy.seen == []


def test_credentials_are_tried_in_the_order_of_the_list(plain: Gateway, place: Place, around: Surroundings) -> None:
    plain.add(place, credentials=("profile", "environment"), distribution=None)
    (plain.folder / ".aws").mkdir()
    ended = plain.publish()
    assert ended.returncode == 0, "without a profile the environment is used"
    assert around.sts.seen == [], "self is not in the list"
