"""Documents that cannot be published: the old key signs, the new one waits, and the rotation continues after the fix."""

from pathlib import Path

from waiting import until

from .scenarios import scenario
from .stage import Gateway, Stage, active


def make_read_only(folder: Path, is_read_only: bool = True) -> None:
    for one in [folder, folder / ".well-known", folder / ".sts-gateway"]:
        one.chmod(0o555 if is_read_only else 0o755)


def begin(stage: Stage) -> tuple[Gateway, str]:
    gateway = stage.gateway().add().serve().settle()
    assert gateway.problem(part="publish") == ""
    return gateway, active(gateway)


def failed_attempts(gateway: Gateway) -> float:
    return gateway.metric("sts_publish_total", endpoint="one", document="certs", result="failed") or 0


def waits(gateway: Gateway, old: str, new: str) -> None:
    """The problem is logged once with its reason, the new key does not sign, and `keys status` shows why."""
    until(lambda: gateway.problem(part="publish"), "the problem in readiness detail")
    until(lambda: failed_attempts(gateway) >= 3, "more attempts that fail")
    assert active(gateway) == old and gateway.has("prepared")
    assert str(gateway.public()) in gateway.problem(part="publish")
    assert gateway.get("/readyz")[0] == 200
    logged = gateway.lines("publication failed")
    reasons = [line["reason"] for line in logged]
    assert len(reasons) == 1 and str(gateway.public()) in reasons[0], reasons
    status = gateway.command("keys", "status", "--endpoint", "one")
    assert status.returncode == 0 and "waiting since" in status.stdout and new in status.stdout, status.stdout


def goes_on(gateway: Gateway, new: str) -> None:
    until(lambda: gateway.has("retiring"), "the end of the rotation")
    assert active(gateway) == new
    until(lambda: gateway.problem(part="publish") == "", "the end of the problem")
    assert len(gateway.lines("publication works again")) == 1


@scenario
def test_with_a_read_only_folder_nothing_is_published_until_it_is_fixed(stage: Stage) -> None:
    gateway, old = begin(stage)
    watcher, client = stage.watch(gateway), stage.client(gateway, rate=25)
    make_read_only(gateway.public())
    new = gateway.rotate()
    waits(gateway, old, new)
    assert client.kids() == {old} and gateway.published() == {old}
    make_read_only(gateway.public(), False)
    goes_on(gateway, new)
    until(lambda: new in client.kids(), "a token of the new key")
    client.end()
    watcher.stop()
    watcher.check(keys=2)


@scenario
def test_a_folder_that_became_a_file_is_logged_and_published_to_after_the_fix(stage: Stage) -> None:
    gateway, old = begin(stage)
    aside = gateway.public().with_name("aside")
    gateway.public().rename(aside)
    gateway.public().write_text("no folder\n")
    new = gateway.rotate()
    waits(gateway, old, new)
    assert gateway.exchange() == 200
    gateway.public().unlink()
    aside.rename(gateway.public())
    goes_on(gateway, new)


@scenario
def test_a_public_url_with_old_documents_delays_only_the_new_key(stage: Stage) -> None:
    """The folder has the new key set, and the caches have the old one."""
    gateway, old = begin(stage)
    client = stage.client(gateway, rate=25)
    stage.issuer.hold(gateway.host())
    new = gateway.rotate()
    until(lambda: gateway.published() == {old, new}, "the publication")
    until(lambda: new in gateway.problem(part="publish"), "the problem in readiness detail")
    client.goes_on(100)
    assert active(gateway) == old and client.kids() == {old}
    stage.issuer.release(gateway.host())
    until(lambda: gateway.has("retiring"), "the end of the rotation")
    until(lambda: new in client.kids(), "a token of the new key")
    client.end()
