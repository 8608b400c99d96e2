"""A failure is logged once with what to do; tokens are issued, the old documents stay, and the gateway recovers.

One gateway has an endpoint for each fault, so that they all last at the same time, and one endpoint without any.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import aws_faults
import pytest
from aws_faults import FAULTS, Fault, s3_error
from waiting import until

from .cloud import DISCOVERY, KEYS, OLD_DISCOVERY, OLD_KEYS, Cloud, Place, Surroundings
from .gateway_process import Gateway


@dataclass(frozen=True)
class Case:
    """A fault of S3, or of CloudFront (`edge`), and the expected parts of the error."""

    fault: Fault
    words: tuple[str, ...]
    method: str = "PUT"
    edge: bool = False
    hits: int = 3
    """The minimum number of failed requests; a timeout takes 10 s each time."""


def elsewhere(handler: object, request: object) -> bool:
    """A redirect of S3 to a foreign host."""
    return s3_error(307, "TemporaryRedirect", "Please re-send this request.", **{"Location": "http://127.0.0.1:1/"})(
        handler, request  # type: ignore[arg-type]
    )


AGAIN = "the gateway tries again"

S3 = {
    "an internal error": Case(FAULTS["internal-error"], ("InternalError", AGAIN), hits=4),
    "an internal error of a HEAD": Case(FAULTS["internal-error"], ("HTTP500", AGAIN), "HEAD"),
    "slow down": Case(aws_faults.slow_down(3), ("SlowDown", "tries again later")),
    "a truncated response": Case(FAULTS["cut-in-head"], ("s3:HeadObject", AGAIN), "HEAD"),
    "an expired token": Case(FAULTS["expired-token"], ("ExpiredToken", "renew those of publish.credentials"), hits=5),
    "a denied policy": Case(
        FAULTS["access-denied"], ("AccessDenied", "allow s3:PutObject in the publisher role's policy")
    ),
    "an absent bucket": Case(
        FAULTS["no-such-bucket"], ("NoSuchBucket", "create the bucket, or correct publish.bucket"), ".*"
    ),
    "a permanent conflict": Case(FAULTS["conflict"], ("another writer changed it",), hits=5),
    "a redirect to a foreign host": Case(elsewhere, ("TemporaryRedirect",)),
    "an invalid region": Case(aws_faults.moved("evil.example/x"), ("301", "publish.region"), ".*"),
    "a page": Case(FAULTS["html"], ("502", AGAIN), ".*"),
    "a page with status 200": Case(FAULTS["html-200"], ("check that the endpoint is S3",)),
    "XML that is cut off": Case(FAULTS["truncated"], ("403", "proxy in between")),
    "a billion laughs": Case(FAULTS["billion-laughs"], ("400",)),
    "a quadratic bomb": Case(FAULTS["quadratic-bomb"], ("400",)),
    "a very long message": Case(
        s3_error(403, "AccessDenied", "one line\nand another\n" + "x" * 60_000), ("AccessDenied", "allow s3:PutObject")
    ),
    "XML of more than 64 KiB": Case(s3_error(403, "AccessDenied", "x" * 70_000), ("403", "proxy in between")),
    "an endless body": Case(FAULTS["endless"], ("longer than", "proxy"), hits=1),
    "a body that drips": Case(FAULTS["drip"], ("no answer in time", AGAIN), hits=1),
    "no response": Case(FAULTS["never"], ("no answer in time", AGAIN), hits=1),
}  # fmt: skip

EDGE = {
    "too many invalidations": Case(
        FAULTS["too-many-invalidations"], ("TooManyInvalidationsInProgress", "tries again later")
    ),
    "throttled edges": Case(FAULTS["cloudfront-throttling"], ("Throttling", "tries again later")),
    "an absent distribution": Case(
        FAULTS["no-such-distribution"], ("NoSuchDistribution", "correct publish.distribution")
    ),
    "a denied invalidation": Case(FAULTS["cloudfront-denied"], ("allow cloudfront:CreateInvalidation",)),
    "a page of CloudFront": Case(FAULTS["html-200"], ("not CloudFront XML",)),
    "truncated XML of CloudFront": Case(FAULTS["truncated-200"], ("not CloudFront XML",)),
    "a billion laughs of CloudFront": Case(FAULTS["billion-laughs-200"], ("not CloudFront XML",)),
    "an endless body of CloudFront": Case(FAULTS["endless"], ("longer than", "proxy"), hits=1),
    "no response of CloudFront": Case(FAULTS["never"], ("no answer in time", AGAIN), hits=1),
}  # fmt: skip
EDGE = {name: Case(c.fault, c.words, "POST", edge=True, hits=c.hits) for name, c in EDGE.items()}
CASES = {**S3, **EDGE}


def endpoint_of(name: str) -> str:
    return re.sub("[^a-z0-9]+", "-", name.lower()).strip("-")


@dataclass
class Seen:
    """The observed state during the faults."""

    status: int
    readiness: tuple[int, str]
    keys: bytes
    discovery: bytes
    warnings: list[dict[str, object]]
    attempts: list[float]


@dataclass
class Trial:
    around: Surroundings
    gateway: Gateway
    places: dict[str, Place]
    seen: dict[str, Seen] = field(default_factory=dict)

    def look(self, name: str, place: Place) -> Seen:
        endpoint, case = endpoint_of(name), CASES[name]
        requests = self.around.invalidations(place, "POST") if case.edge else self.around.objects(place, case.method)
        return Seen(
            status=self.gateway.exchange(endpoint),
            readiness=self.gateway.readiness(endpoint),
            keys=place.get(KEYS),
            discovery=place.get(DISCOVERY),
            warnings=[
                line for line in self.gateway.log
                if line.get("endpoint") == endpoint and line["level"] in ("warning", "error", "critical")
            ],
            attempts=[request.at for request in requests if request.is_fault],
        )  # fmt: skip


@pytest.fixture(scope="module")
def trial(cloud: Cloud, program: Path, identity: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    """Runs all faults at once, each until it has failed often enough."""
    around = Surroundings(cloud)
    gateway = Gateway(program, tmp_path_factory.mktemp("gateway"), identity, cloud.pki, around=around)
    places = {name: around.place(endpoint_of(name)) for name in CASES}
    rules = {}
    for name, case in CASES.items():
        place = places[name]
        place.put_old_documents()
        gateway.add(place, endpoint_of(name))
        path = f"/2020-05-31/distribution/{place.publication.distribution}/.*" if case.edge else f"/{place.bucket}/.*"
        rules[name] = around.proxy.fail(case.fault, case.method, path)
    made = Trial(around, gateway, places)
    gateway.add(around.place("well"), "well").serve()

    def is_over() -> bool:
        for name, rule in rules.items():
            if name not in made.seen and rule.hits >= CASES[name].hits and gateway.failures(endpoint_of(name)):
                made.seen[name] = made.look(name, places[name])
                around.proxy.clear(rule)
        return len(made.seen) == len(rules)

    try:
        until(is_over, "the end of all faults")
        yield made
    finally:
        gateway.kill()
        around.stop()
    around.check_least_privilege()
    gateway.check_nothing_secret_was_said()


def test_the_endpoint_without_a_fault_was_published_meanwhile(trial: Trial) -> None:
    assert len(trial.gateway.lines("document published", "well")) == 2
    assert trial.gateway.failures("well") == []


@pytest.mark.parametrize("name", CASES)
def test_a_fault_is_logged_with_what_to_do(name: str, trial: Trial) -> None:
    logged = "\n".join(trial.gateway.failures(endpoint_of(name)))
    for words in CASES[name].words:
        assert words in logged
    for line in logged.splitlines():
        assert not line.endswith(".") and len(line) < 1_000, "no final period, and no more than a line"


@pytest.mark.parametrize("name", CASES)
def test_a_fault_is_logged_once_and_not_for_each_attempt(name: str, trial: Trial) -> None:
    seen = trial.seen[name]
    assert len(seen.attempts) >= CASES[name].hits
    published = [line for line in seen.warnings if line["message"] in ("publication failed", "invalidation failed")]
    assert len(published) == 1, [line["reason"] for line in published]


@pytest.mark.parametrize("name", CASES)
def test_tokens_are_issued_and_readiness_shows_the_fault_without_failing(name: str, trial: Trial) -> None:
    seen = trial.seen[name]
    assert seen.status == 200, "the token exchange"
    status, line = seen.readiness
    assert status == 200 and line.startswith("[-]")
    assert CASES[name].words[0] in line


@pytest.mark.parametrize("name", S3)
def test_the_old_documents_stay_during_the_fault(name: str, trial: Trial) -> None:
    assert (trial.seen[name].keys, trial.seen[name].discovery) == (OLD_KEYS, OLD_DISCOVERY)


@pytest.mark.parametrize("name", CASES)
def test_it_is_published_after_the_fault(name: str, trial: Trial) -> None:
    endpoint, place = endpoint_of(name), trial.places[name]
    recovered = "invalidation works again" if CASES[name].edge else "publication works again"
    until(lambda: trial.gateway.lines(recovered, endpoint), "the recovery")
    assert (place.get(KEYS), place.get(DISCOVERY)) == trial.gateway.documents(endpoint)
    until(lambda: trial.gateway.matches(endpoint) == 1, "the public URL")
    assert trial.gateway.readiness(endpoint)[1].startswith("[+]")


def test_a_failed_attempt_is_not_repeated_immediately(trial: Trial) -> None:
    """The unit tests of the backoff check the maximum delays."""
    attempts = trial.seen["an internal error"].attempts
    for earlier, later in zip(attempts, attempts[1:], strict=False):
        assert later - earlier > 0.4, "half a second at least"


def test_no_attempt_is_made_before_retry_after(trial: Trial) -> None:
    attempts = trial.seen["slow down"].attempts
    for earlier, later in zip(attempts, attempts[1:], strict=False):
        assert later - earlier >= 3


def test_a_conflict_is_retried_once(trial: Trial) -> None:
    place = trial.places["a permanent conflict"]
    first = [request.method for request in trial.around.objects(place, key=KEYS)][:5]
    assert first == ["HEAD", "PUT", "HEAD", "PUT", "HEAD"]


def test_invalid_input_uses_limited_memory(trial: Trial) -> None:
    memory = trial.gateway.memory()
    print(f"at most {memory} MiB")
    assert memory < 200, "MiB, with endless bodies on many endpoints at once"
