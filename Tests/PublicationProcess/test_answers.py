"""Answers that are a single call's matter: followed, outlasted, or told at once."""

import aws_faults
from waiting import until

from .cloud import DISCOVERY, KEYS, Place, Surroundings
from .gateway_process import Gateway


def test_a_bucket_in_another_region_is_followed_and_signed_for_anew(
    plain: Gateway, place: Place, around: Surroundings
) -> None:
    around.proxy.fail("moved")
    ended = plain.publish()
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert [request.status for request in around.proxy.seen].count(301) == 1, "it is remembered"
    first, second, *rest = around.objects(place)
    assert (first.status, first.region, second.region) == (301, "us-east-1", "eu-central-1")
    assert first.path == second.path and {request.region for request in rest} == {"eu-central-1"}
    assert place.owner(KEYS) == place.owner(DISCOVERY) == plain.ring()["owner"]


def test_regions_that_send_in_a_circle_are_not_followed(plain: Gateway, around: Surroundings) -> None:
    def circle(handler: object, request: object) -> bool:
        there = "eu-west-1" if request.region == "eu-central-1" else "eu-central-1"  # type: ignore[attr-defined]
        return aws_faults.moved(there)(handler, request)  # type: ignore[arg-type]

    around.proxy.fail(circle)
    ended = plain.publish()
    assert ended.returncode == 69 and "publish.region" in ended.stdout
    assert len(around.proxy.seen) <= 4


def test_an_answer_that_is_lost_after_the_write_harms_nothing(
    plain: Gateway, place: Place, around: Surroundings
) -> None:
    around.proxy.fail("cut-in-head", "PUT", count=1)
    assert plain.publish().returncode == 69
    assert place.head(KEYS) is not None, "it was written"
    assert plain.publish().returncode == 0
    assert place.owner(KEYS) == place.owner(DISCOVERY) == plain.ring()["owner"]
    assert [request.path for request in around.objects(place, "PUT", KEYS)] == [f"/{place.bucket}/{KEYS}"]


def test_a_role_that_may_not_look_still_makes_the_first_publication(
    plain: Gateway, place: Place, around: Surroundings
) -> None:
    around.proxy.fail("head-denied")
    around.proxy.fail("access-denied", "GET")
    assert plain.publish().returncode == 0, "a HEAD answered 403 means absent or denied"
    assert place.head(KEYS) and place.head(DISCOVERY)
    # What is there and may not be looked at is not overwritten, and the words are about the looking.
    ended = plain.publish()
    assert ended.returncode == 69 and "s3:GetObject" in ended.stdout + ended.stderr
    assert len(around.objects(place, "PUT")) <= 4


def test_an_invalidation_that_nobody_knows_any_more_is_asked_for_anew(
    gateway: Gateway, place: Place, around: Surroundings
) -> None:
    gone = aws_faults.cloudfront_error(404, "NoSuchInvalidation", "The specified invalidation does not exist.")
    around.proxy.fail(gone, "GET", count=1)
    ended = gateway.publish()
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert len({batch["CallerReference"] for batch in place.invalidations}) == len(place.invalidations) == 2


def test_an_invalidation_that_may_not_be_looked_at_names_the_permission(
    gateway: Gateway, around: Surroundings
) -> None:
    around.proxy.fail("cloudfront-denied", "GET")
    gateway.serve()
    until(gateway.failures, "the failure")
    assert "allow cloudfront:GetInvalidation" in gateway.failures()[0]
    assert gateway.exchange() == 200
    gateway.stop()


def test_a_gateway_that_waits_for_an_answer_ends_at_once(gateway: Gateway, around: Surroundings) -> None:
    rule = around.proxy.fail("never", "PUT")
    gateway.serve()
    until(lambda: rule.hits, "the call")
    failures = gateway.failures()
    gateway.stop()
    assert gateway.failures() == failures, "it did not wait for the end of the call"


def test_what_was_written_is_in_the_audit_when_the_gateway_ends_right_after(
    gateway: Gateway, place: Place, around: Surroundings
) -> None:
    rule = around.proxy.fail("never", "PUT", f"/{place.bucket}/{DISCOVERY}")
    gateway.serve()
    until(lambda: rule.hits, "the second call")
    assert place.owner(KEYS) == gateway.ring()["owner"]
    gateway.stop()
    assert [line["publication"]["document"] for line in gateway.audited("published")] == [f"/{KEYS}"]


def test_a_secret_key_that_does_not_fit_is_told_from_a_policy(plain: Gateway, around: Surroundings) -> None:
    plain.more = {"AWS_SECRET_ACCESS_KEY": "x" * 40}
    ended = plain.publish()
    assert ended.returncode == 69 and "the secret key does not belong to the access key" in ended.stdout
    assert {request.status for request in around.proxy.seen} == {403}


def test_one_endpoint_that_fails_does_not_hold_up_the_others(
    plain: Gateway, place: Place, around: Surroundings
) -> None:
    other = around.place("two")
    plain.add(other, "two", distribution=None, probe={"enabled": False})
    around.proxy.fail("access-denied", "PUT", f"/{place.bucket}/.*")
    assert plain.publish().returncode == 69
    assert place.head(KEYS) is None and other.owner(DISCOVERY) == plain.ring("two")["owner"]
