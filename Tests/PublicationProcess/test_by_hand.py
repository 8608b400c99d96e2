"""The command `publish` with an administrator's credentials in the environment."""

import json
import math

from .cloud import DISCOVERY, KEYS, Place, Surroundings
from .gateway_process import Gateway, checksum


def test_the_first_publication_puts_the_key_set_and_then_the_discovery_document(
    gateway: Gateway, place: Place, around: Surroundings
) -> None:
    ended = gateway.publish()
    assert ended.returncode == 0, ended.stdout + ended.stderr
    puts = around.objects(place, "PUT")
    assert [request.path.removeprefix(f"/{place.bucket}/") for request in puts] == [KEYS, DISCOVERY]
    for request, key in zip(puts, [KEYS, DISCOVERY], strict=True):
        assert request.headers["if-none-match"] == "*", "an unobserved object is not overwritten"
        found = place.head(key)
        assert found is not None
        assert found["ContentType"] == "application/json" and found["CacheControl"] == "max-age=300"
        ring = gateway.ring()
        # The end of the invalidation is recorded after the publication, in the next revision.
        published = ring["revision"] - 1
        assert found["Metadata"] == {"sts-owner": ring["owner"], "sts-revision": str(published)} and ring["invalidated"]
    host = place.publication.domain
    discovery = json.loads(place.get(DISCOVERY))
    assert discovery["issuer"] == f"https://{host}" and discovery["jwks_uri"] == f"https://{host}/certs"
    for key in json.loads(place.get(KEYS))["keys"]:
        assert key["use"] == "sig" and "d" not in key
    for key in [KEYS, DISCOVERY]:
        answer, _ = around.edge.answer(host, f"/{key}")
        assert answer.status == 200 and answer.content == place.get(key), "the CDN serves it"
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["Cache-Control"] == "max-age=300"


def test_up_to_date_documents_are_not_written_again(gateway: Gateway, place: Place, around: Surroundings) -> None:
    assert gateway.publish().returncode == 0
    around.proxy.seen.clear()
    ended = gateway.publish()
    assert ended.returncode == 0 and ended.stdout.count("unchanged") == 2
    assert {request.method for request in around.proxy.seen} == {"HEAD"}
    assert len(place.invalidations) == 1


def test_a_check_finds_a_changed_document_and_a_publication_restores_it(
    plain: Gateway, place: Place, around: Surroundings
) -> None:
    assert plain.publish().returncode == 0
    good = place.get(KEYS)
    assert plain.publish("--check").returncode == 0
    place.put(KEYS, b'{"keys":[]}')
    around.proxy.seen.clear()
    ended = plain.publish("--check")
    assert ended.returncode == 1 and "/certs" in ended.stdout
    assert {request.method for request in around.proxy.seen} == {"HEAD"}, "a check writes nothing"
    assert plain.publish().returncode == 0
    assert place.get(KEYS) == good
    assert plain.publish("--check").returncode == 0


def test_a_deleted_document_is_restored(plain: Gateway, place: Place) -> None:
    assert plain.publish().returncode == 0
    place.delete(DISCOVERY)
    assert plain.publish("--check").returncode == 1
    assert place.head(DISCOVERY) is None
    assert plain.publish().returncode == 0
    assert place.head(DISCOVERY) is not None


def test_other_content_with_the_same_metadata_is_found_and_restored(plain: Gateway, place: Place) -> None:
    assert plain.publish().returncode == 0
    good = place.get(KEYS)
    place.change(KEYS, good.replace(b"ES256", b"ES384"))
    assert plain.publish("--check").returncode == 1
    assert plain.publish().returncode == 0
    assert place.get(KEYS) == good


def test_a_changed_content_type_is_restored(plain: Gateway, place: Place) -> None:
    assert plain.publish().returncode == 0
    there = place.head(KEYS)
    assert there is not None
    place.s3.put_object(
        Bucket=place.bucket, Key=KEYS, Body=place.get(KEYS), ContentType="binary/octet-stream",
        CacheControl="max-age=300", Metadata=there["Metadata"],
    )  # fmt: skip
    assert plain.publish("--check").returncode == 1
    assert plain.publish().returncode == 0
    restored = place.head(KEYS)
    assert restored is not None and restored["ContentType"] == "application/json"


def test_an_issuer_with_a_path_behind_an_origin_path(gateway: Gateway, around: Surroundings) -> None:
    place = around.place("two", prefix="origin", issuer_path="/team/one")
    gateway.endpoints.clear()
    gateway.add(place, "two", issuer_path="/team/one", prefix="origin")
    ended = gateway.publish("--endpoint", "two")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert place.head(f"origin/team/one/{KEYS}") and place.head(f"origin/team/one/{DISCOVERY}")
    # The paths are those of viewer requests.
    assert sorted(place.invalidations[0]["Paths"]["Items"]) == [f"/team/one/{DISCOVERY}", f"/team/one/{KEYS}"]
    answer, _ = around.edge.answer(place.publication.domain, f"/team/one/{DISCOVERY}")
    assert json.loads(answer.content)["issuer"] == f"https://{place.publication.domain}/team/one"
    assert gateway.publish("--check").returncode == 0


def test_older_documents_in_the_cdn_are_no_failure_and_have_no_code(
    gateway: Gateway, place: Place, around: Surroundings
) -> None:
    around.cache_old_documents(place)
    around.edge.delay = math.inf
    ended = gateway.publish("--json")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    [summary] = [json.loads(line) for line in ended.stdout.splitlines()]
    assert (summary["result"], summary["matches"]) == ("succeeded", False) and "code" not in summary
    checked = gateway.publish("--check", "--json")
    [summary] = [json.loads(line) for line in checked.stdout.splitlines()]
    assert checked.returncode == 1 and (summary["matches"], summary["code"]) == (False, "STS1905"), summary


def test_a_failure_exits_69_with_what_to_do(gateway: Gateway, place: Place, around: Surroundings) -> None:
    around.proxy.fail("access-denied", "PUT")
    ended = gateway.publish()
    assert ended.returncode == 69
    assert "allow s3:PutObject in the publisher role's policy" in ended.stdout + ended.stderr
    assert place.head(KEYS) is None


def test_missing_credentials_exit_69_with_the_list_of_sources(gateway: Gateway, around: Surroundings) -> None:
    ended = gateway.publish(with_credentials=False)
    assert ended.returncode == 69
    assert "publish.credentials (environment)" in ended.stdout + ended.stderr
    assert around.proxy.seen == [], "no request without credentials"


def test_an_invalid_configuration_exits_78_with_all_problems(gateway: Gateway, place: Place) -> None:
    gateway.add(place, region="Frankfurt", distribution="not a distribution", credentials=("everything",))
    ended = gateway.publish()
    assert ended.returncode == 78
    for key in ["publish.region", "publish.distribution", "publish.credentials"]:
        assert key in ended.stderr, ended.stderr


def test_an_endpoint_without_a_publisher_exits_78(gateway: Gateway) -> None:
    gateway.endpoints["one"].pop("publish")
    ended = gateway.publish("--endpoint", "one")
    assert ended.returncode == 78 and "publish" in ended.stderr


def test_an_unknown_endpoint_is_a_usage_error(gateway: Gateway) -> None:
    ended = gateway.publish("--endpoint", "three")
    assert ended.returncode == 64 and "one" in ended.stderr


def test_a_check_before_the_first_key_creates_none(plain: Gateway) -> None:
    ended = plain.publish("--check")
    assert ended.returncode == 1 and "no key ring" in ended.stdout
    assert list(plain.folder.glob("keys/*.keyring.json")) == []


def test_check_and_take_over_exclude_each_other(plain: Gateway, around: Surroundings) -> None:
    assert plain.publish("--check", "--take-over").returncode == 64
    assert around.proxy.seen == []
