"""Responses that affect a single request: followed, retried, or reported."""

import aws_faults
from waiting import until

from .cloud import DISCOVERY, KEYS, Place, Surroundings
from .gateway_process import Gateway


def test_a_request_for_a_bucket_in_another_region_is_signed_again_and_sent_there(
    plain: Gateway, place: Place, around: Surroundings
) -> None:
    around.proxy.fail("moved")
    ended = plain.publish()
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert [request.status for request in around.proxy.seen].count(301) == 1, "the region is cached"
    first, second, *rest = around.objects(place)
    assert (first.status, first.region, second.region) == (301, "us-east-1", "eu-central-1")
    assert first.path == second.path and {request.region for request in rest} == {"eu-central-1"}
    assert place.owner(KEYS) == place.owner(DISCOVERY) == plain.ring()["owner"]


def test_regions_that_redirect_to_each_other_are_not_followed(plain: Gateway, around: Surroundings) -> None:
    def circle(handler: object, request: object) -> bool:
        there = "eu-west-1" if request.region == "eu-central-1" else "eu-central-1"  # type: ignore[attr-defined]
        return aws_faults.moved(there)(handler, request)  # type: ignore[arg-type]

    around.proxy.fail(circle)
    ended = plain.publish()
    assert ended.returncode == 69 and "publish.region" in ended.stdout
    assert len(around.proxy.seen) <= 4


def test_a_response_that_is_lost_after_the_write_has_no_effect(
    plain: Gateway, place: Place, around: Surroundings
) -> None:
    around.proxy.fail("cut-in-head", "PUT", count=1)
    assert plain.publish().returncode == 69
    assert place.head(KEYS) is not None, "it was written"
    assert plain.publish().returncode == 0
    assert place.owner(KEYS) == place.owner(DISCOVERY) == plain.ring()["owner"]
    assert [request.path for request in around.objects(place, "PUT", KEYS)] == [f"/{place.bucket}/{KEYS}"]


def test_a_role_without_read_permission_can_make_the_first_publication(
    plain: Gateway, place: Place, around: Surroundings
) -> None:
    around.proxy.fail("head-denied")
    around.proxy.fail("access-denied", "GET")
    assert plain.publish().returncode == 0, "a HEAD answered 403 means absent or denied"
    assert place.head(KEYS) and place.head(DISCOVERY)
    # An existing object that cannot be read is not overwritten, and the error is about reading.
    ended = plain.publish()
    assert ended.returncode == 69 and "s3:GetObject" in ended.stdout + ended.stderr
    assert len(around.objects(place, "PUT")) <= 4


def test_an_unknown_invalidation_is_created_again(
    gateway: Gateway, place: Place, around: Surroundings
) -> None:
    gone = aws_faults.cloudfront_error(404, "NoSuchInvalidation", "The specified invalidation does not exist.")
    around.proxy.fail(gone, "GET", count=1)
    ended = gateway.publish()
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert len({batch["CallerReference"] for batch in place.invalidations}) == len(place.invalidations) == 2


def test_an_invalidation_that_cannot_be_read_names_the_permission(
    gateway: Gateway, around: Surroundings
) -> None:
    around.proxy.fail("cloudfront-denied", "GET")
    gateway.serve()
    until(gateway.failures, "the failure")
    assert "allow cloudfront:GetInvalidation" in gateway.failures()[0]
    assert gateway.exchange() == 200
    gateway.stop()


def test_a_gateway_that_waits_for_a_response_stops_immediately(gateway: Gateway, around: Surroundings) -> None:
    rule = around.proxy.fail("never", "PUT")
    gateway.serve()
    until(lambda: rule.hits, "the call")
    failures = gateway.failures()
    gateway.stop()
    assert gateway.failures() == failures, "it did not wait for the response"


def test_a_write_is_in_the_audit_log_when_the_gateway_stops_right_after_it(
    gateway: Gateway, place: Place, around: Surroundings
) -> None:
    rule = around.proxy.fail("never", "PUT", f"/{place.bucket}/{DISCOVERY}")
    gateway.serve()
    until(lambda: rule.hits, "the second call")
    assert place.owner(KEYS) == gateway.ring()["owner"]
    gateway.stop()
    assert [line["publication"]["document"] for line in gateway.audited("published")] == [f"/{KEYS}"]


def test_a_wrong_secret_key_has_another_error_than_a_denial_by_policy(plain: Gateway, around: Surroundings) -> None:
    plain.more = {"AWS_SECRET_ACCESS_KEY": "x" * 40}
    ended = plain.publish()
    assert ended.returncode == 69 and "the secret key does not belong to the access key" in ended.stdout
    assert {request.status for request in around.proxy.seen} == {403}


def test_a_failing_endpoint_does_not_delay_the_others(
    plain: Gateway, place: Place, around: Surroundings
) -> None:
    other = around.place("two")
    plain.add(other, "two", distribution=None, probe={"enabled": False})
    around.proxy.fail("access-denied", "PUT", f"/{place.bucket}/.*")
    assert plain.publish().returncode == 69
    assert place.head(KEYS) is None and other.owner(DISCOVERY) == plain.ring("two")["owner"]
