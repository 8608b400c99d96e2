"""Owners of documents in the bucket: those of another key ring or of a later revision are not changed."""

import threading
from collections.abc import Callable

from waiting import DEADLINE, until

from .cloud import DISCOVERY, KEYS, OLD_KEYS, Place, Surroundings
from .gateway_process import Gateway

FOREIGN = "Zm9yZWlnbi1vd25lci1pZA"


def test_documents_that_were_uploaded_by_hand_are_replaced(plain: Gateway, place: Place, around: Surroundings) -> None:
    place.put_old_documents()
    assert plain.publish().returncode == 0
    owner = plain.ring()["owner"]
    assert place.owner(KEYS) == place.owner(DISCOVERY) == owner
    for request in around.objects(place, "PUT"):
        assert request.headers["if-match"].startswith('"'), "only the observed version is replaced"


def test_documents_of_another_owner_are_not_changed_until_an_operator_takes_over(plain: Gateway, place: Place) -> None:
    place.put_stamped(KEYS, OLD_KEYS, FOREIGN, 7)
    ended = plain.publish()
    output = ended.stdout + ended.stderr
    assert ended.returncode == 69 and FOREIGN in output and "publish --take-over" in output
    assert place.get(KEYS) == OLD_KEYS and place.head(DISCOVERY) is None
    assert plain.publish("--check").returncode == 69
    ended = plain.publish("--take-over")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert place.owner(KEYS) == place.owner(DISCOVERY) == plain.ring()["owner"]


def test_a_foreign_discovery_document_protects_the_key_set_as_well(plain: Gateway, place: Place) -> None:
    """The key set of another key ring is missing, and must not be replaced while its discovery document exists."""
    place.put_stamped(DISCOVERY, b"{}", FOREIGN, 7)
    assert plain.publish().returncode == 69
    assert place.head(KEYS) is None
    assert place.get(DISCOVERY) == b"{}"


def test_a_later_revision_is_never_overwritten(plain: Gateway, place: Place) -> None:
    assert plain.publish().returncode == 0
    ring = plain.ring()
    for key in [KEYS, DISCOVERY]:
        place.put_stamped(key, b"{}", ring["owner"], ring["revision"] + 1)
    for more in [[], ["--take-over"]]:
        ended = plain.publish(*more)
        output = ended.stdout + ended.stderr
        assert ended.returncode == 69 and "later revision" in output, output
        assert place.get(KEYS) == place.get(DISCOVERY) == b"{}"


def test_a_later_revision_that_is_written_between_read_and_write_wins(
    plain: Gateway, place: Place, around: Surroundings
) -> None:
    assert plain.publish().returncode == 0
    ring = plain.ring()
    place.put(KEYS, OLD_KEYS)

    def newer(*_: object) -> bool:
        place.put_stamped(KEYS, b"{}", ring["owner"], ring["revision"] + 1)
        return False

    around.proxy.fail(newer, "PUT", count=1)
    ended = plain.publish()
    assert ended.returncode == 69 and "later revision" in ended.stdout
    assert place.get(KEYS) == b"{}"
    assert [request.status for request in around.objects(place, "PUT", KEYS)] == [200, 412]


def test_a_running_gateway_does_not_change_documents_of_another_owner_and_issues_tokens(
    gateway: Gateway, place: Place, around: Surroundings
) -> None:
    place.put_stamped(KEYS, OLD_KEYS, FOREIGN, 1)
    gateway.serve()
    until(gateway.failures, "the refusal")
    assert FOREIGN in gateway.failures()[0] and "--take-over" in gateway.failures()[0]
    refused = until(lambda: gateway.audited("publication-refused"), "the audit record")
    assert len(refused) == 1 and refused[0]["endpoint"] == "one" and FOREIGN in refused[0]["reason"]
    assert refused[0]["publication"]["document"] == "/certs"
    assert gateway.exchange() == 200
    status, line = gateway.readiness()
    assert status == 200 and FOREIGN in line
    assert gateway.metric("sts_publish_total", endpoint="one", document="certs", result="refused") >= 1
    assert around.objects(place, "PUT") == [] and place.get(KEYS) == OLD_KEYS
    gateway.stop()


def test_of_two_gateways_with_one_bucket_exactly_one_publishes(
    another: Callable[[], Gateway], place: Place, around: Surroundings
) -> None:
    # Both see an empty bucket before either of them writes.
    gate = threading.Barrier(2, timeout=DEADLINE)

    def meet(*_: object) -> bool:
        gate.wait()
        return False

    around.proxy.fail(meet, "HEAD", f"/{place.bucket}/{KEYS}", count=2)
    both = [another().add(place), another().add(place)]
    for gateway in both:
        gateway.serve()
    until(lambda: any(gateway.failures() for gateway in both), "the error of the second gateway")
    until(lambda: place.owner(DISCOVERY), "the documents of the first gateway")
    loser, winner = sorted(both, key=lambda gateway: len(gateway.lines("document published")))
    assert len(winner.lines("document published")) == 2 and loser.lines("document published") == []
    assert winner.failures() == [] and "another key ring" in loser.failures()[0]
    assert place.owner(KEYS) == place.owner(DISCOVERY) == winner.ring()["owner"]
    assert (place.get(KEYS), place.get(DISCOVERY)) == winner.documents()
    assert [request.status for request in around.objects(place, "PUT", KEYS)].count(412) == 1
    for gateway in both:
        assert gateway.exchange() == 200, "tokens are issued"
        gateway.stop()


def test_a_running_gateway_restores_changed_documents(gateway: Gateway, place: Place, around: Surroundings) -> None:
    gateway.serve()
    until(lambda: gateway.matches() == 1, "the publication")
    keys, discovery = gateway.documents()
    place.change(KEYS, keys.replace(b"ES256", b"ES384"))
    place.delete(DISCOVERY)
    until(lambda: place.head(DISCOVERY), "the repair")
    assert (place.get(KEYS), place.get(DISCOVERY)) == (keys, discovery)
    until(lambda: len(gateway.audited("published")) == 4, "the audit records")
    published = [line["publication"]["document"] for line in gateway.audited("published")]
    assert published == ["/certs", "/.well-known/openid-configuration"] * 2
    gateway.stop()
