"""The distribution in front of the bucket: invalidations, and a public URL with old documents."""

import math
import re
import time
from pathlib import Path

import pki
import pytest
from edge import Answer
from waiting import until

from .cloud import DISCOVERY, KEYS, OLD_DISCOVERY, OLD_KEYS, Place, Surroundings
from .gateway_process import Gateway


def test_changed_paths_are_invalidated_and_the_invalidation_is_awaited(
    gateway: Gateway, place: Place, around: Surroundings
) -> None:
    around.proxy.invalidation_looks = 1
    ended = gateway.publish()
    assert ended.returncode == 0
    assert "waiting for the CDN invalidation" in ended.stdout and "CDN invalidation completed" in ended.stdout
    asked = [request for request in around.invalidations(place, "GET") if request.status == 200]
    assert len(asked) >= 2
    assert sorted(place.invalidations[0]["Paths"]["Items"]) == [f"/{DISCOVERY}", f"/{KEYS}"]
    place.delete(KEYS)
    assert gateway.publish().returncode == 0
    batches = place.invalidations
    changed = next(batch for batch in batches if batch["Paths"]["Items"] == [f"/{KEYS}"])
    assert changed["CallerReference"] and len({batch["CallerReference"] for batch in batches}) == len(batches) == 2


def test_old_documents_in_the_cdn_are_reported_and_do_not_affect_readiness(
    gateway: Gateway, place: Place, around: Surroundings
) -> None:
    around.cache_old_documents(place)
    host = place.publication.domain
    around.edge.delay = math.inf
    began = int(time.time())
    gateway.serve()
    until(lambda: len(gateway.lines("document published")) == 2, "the publication")
    assert (gateway.metric("sts_publish_last_success_timestamp_seconds", endpoint="one") or 0) >= began
    until(lambda: gateway.matches() == 0, "the mismatch")
    assert place.get(KEYS) == gateway.documents()[0], "the bucket has the new documents"
    assert around.edge.answer(host, f"/{KEYS}")[0].content == OLD_KEYS, "and the CDN has the old ones"
    status, line = gateway.readiness()
    assert status == 200 and line.startswith("[-]") and "the issuer URL serves a key set without" in line
    assert gateway.get("/readyz")[0] == 200
    assert gateway.exchange() == 200
    around.edge.delay = 0
    until(lambda: gateway.matches() == 1, "the match")
    status, line = gateway.readiness()
    assert status == 200 and line.startswith("[+]")
    verdicts = [line["verdict"] for line in gateway.lines("public documents read")]
    assert verdicts[-1] == "the issuer URL serves the documents" and len(verdicts) == len(set(verdicts))
    assert {path for name, path in around.edge.reads if name == host} == {f"/{KEYS}", f"/{DISCOVERY}"}
    gateway.stop()


def test_a_lost_response_causes_no_second_invalidation(gateway: Gateway, place: Place, around: Surroundings) -> None:
    around.proxy.fail("cut", "POST", count=1)
    gateway.serve()
    until(lambda: gateway.matches() == 1, "the publication")
    until(lambda: len(around.invalidations(place, "POST")) == 2, "the second attempt")
    references = {
        re.search(rb"<CallerReference>(.*)</CallerReference>", request.body)[1]
        for request in around.invalidations(place, "POST")
    }
    assert len(references) == 1 and len(place.invalidations) == 1
    until(lambda: gateway.lines("invalidation works again"), "the recovery")
    gateway.stop()


def test_a_gateway_that_is_killed_before_the_invalidation_creates_it_after_the_restart(
    gateway: Gateway, place: Place, around: Surroundings
) -> None:
    around.cache_old_documents(place)
    rule = around.proxy.fail("never", "POST")
    gateway.serve()
    until(lambda: rule.hits, "the call")
    gateway.kill()
    assert place.owner(KEYS) == place.owner(DISCOVERY) == gateway.ring()["owner"] and place.invalidations == []
    around.proxy.clear()
    gateway.serve()
    until(lambda: gateway.matches() == 1, "the match")
    assert len(place.invalidations) == 1
    assert len(around.objects(place, "PUT")) == 2, "up-to-date documents are not written again"
    gateway.stop()


def test_a_pending_invalidation_is_created_after_a_kill_although_the_public_url_is_current(
    gateway: Gateway, place: Place, around: Surroundings
) -> None:
    """The edge location that the gateway reads has the current documents; others may not."""
    rule = around.proxy.fail("never", "POST")
    gateway.serve()
    until(lambda: rule.hits, "the call")
    gateway.kill()
    assert place.owner(KEYS) == place.owner(DISCOVERY) == gateway.ring()["owner"] and place.invalidations == []
    around.proxy.clear()
    gateway.serve()
    until(lambda: place.invalidations, "the invalidation")
    assert sorted(place.invalidations[0]["Paths"]["Items"]) == [f"/{DISCOVERY}", f"/{KEYS}"]
    until(lambda: gateway.ring().get("invalidated"), "the record of its end")
    gateway.stop()
    gateway.serve()
    until(lambda: gateway.matches() == 1, "the match")
    assert len(place.invalidations) == 1, "a complete invalidation is not created again"
    gateway.stop()


def test_too_many_invalidations_are_retried(gateway: Gateway, place: Place, around: Surroundings) -> None:
    around.proxy.fail("too-many-invalidations", "POST", count=2)
    ended = gateway.publish()
    assert ended.returncode == 0, ended.stdout + ended.stderr
    first, second, third = [request.at for request in around.invalidations(place, "POST")]
    assert second - first > 0.4 and third - second > 0.4, "half a second at least"
    assert "TooManyInvalidationsInProgress" in ended.stdout and len(place.invalidations) == 1


def test_a_response_of_the_gateway_itself_is_not_evidence(gateway: Gateway, place: Place) -> None:
    """The DNS name of the issuer points to the gateway instead of the CDN."""
    gateway.serve()
    gateway.add(place, probe={"connectTo": f"127.0.0.1:{gateway.port}"}).write()
    until(lambda: "leads to the gateway itself" in gateway.readiness()[1], "the verdict")
    assert gateway.matches() == 0
    gateway.stop()


def test_an_issuer_url_with_an_untrusted_certificate_is_not_read(gateway: Gateway, place: Place, tmp_path: Path) -> None:
    pki.write(tmp_path / "other", ["elsewhere.example"])
    gateway.add(place, probe={"caFile": str(tmp_path / "other/ca.pem")})
    ended = gateway.publish()
    assert ended.returncode == 0, "the documents are published"
    assert "the issuer URL cannot be read" in ended.stdout and "certificate" in ended.stdout
    assert place.get(KEYS) != OLD_KEYS and place.get(DISCOVERY) != OLD_DISCOVERY
    assert gateway.publish("--check").returncode == 1


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(302, {"Location": "https://elsewhere.example/certs"}, b"", 0), "status 302; verifiers do not follow redirects"),
        (Answer(200, {"Content-Type": "application/json"}, b" " * ((64 << 10) + 1), 0), "longer than 65536 bytes"),
        (Answer(200, {"Content-Type": "application/json"}, b"<html>", 0), "is not a key set"),
        (Answer(503, {}, b"", 0), "status 503"),
    ],
)
def test_an_issuer_url_with_another_response_is_a_difference(
    answer: Answer, reason: str, gateway: Gateway, place: Place, around: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway.add(place, distribution=None)
    monkeypatch.setattr(around.edge, "answer", lambda host, path: (answer, False))
    ended = gateway.publish()
    assert ended.returncode == 0, "the documents are published"
    assert reason in ended.stdout, ended.stdout
    assert gateway.publish("--check").returncode == 1


def test_without_a_publisher_the_gateway_only_reads(plain: Gateway, place: Place, around: Surroundings) -> None:
    assert plain.publish().returncode == 0
    around.proxy.seen.clear()
    probe = plain.add(place, distribution=None).endpoints["one"]["publish"]["probe"]
    plain.endpoints["one"]["publish"] = {"probe": probe}
    plain.serve()
    until(lambda: plain.matches() == 1, "the match")
    assert plain.readiness()[1].startswith("[+]")
    assert around.proxy.seen == [] and plain.failures() == []
    plain.stop()
