"""The status page of a running gateway in a headless Chromium, at the widths of a phone, a tablet and a desk."""

import http.client
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import child_process
import cluster_identity
import pki
import pytest
from built_programs import built_gateway
from gateway_program import OWN_AUDIENCE, GatewayProgram
from waiting import until

from .chromium import Chromium

WIDTHS = [360, 768, 1280]
ENDPOINTS = ["aws", "gcp", "a-very-long-name-of-an-endpoint-that-does-not-fit-into-a-phone"]

pytestmark = pytest.mark.skipif(not shutil.which("chromium"), reason="needs chromium: make status-page")


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProgram]:
    folder = tmp_path_factory.mktemp("status")
    cluster_identity.init(folder / "cluster")
    pki.write(folder / "pki", ["127.0.0.1", "localhost"])
    gateway = GatewayProgram(built_gateway(), folder, folder / "cluster", folder / "pki")
    for name in ENDPOINTS:
        gateway.endpoints[name] = {
            "name": name, "plugin": "oidc", "audience": "verifiers", "path": f"/{name}",
            "azRules": [{"scope": "filter", "constraint": "(namespace=default)"}],
            "issuer": {"host": f"{name}.issuer.example"}, "token": {"algorithm": "ES256"},
            "subjectToken": {"audiences": [OWN_AUDIENCE]},
            "publish": {"directory": str(folder / name), "probe": {"enabled": False}},
        }  # fmt: skip
    # This one cannot be published: its name is that of a file.
    (folder / ENDPOINTS[2]).write_text("a file")
    gateway.serve()
    until(lambda: gateway.get("/readyz")[0] == 200, "readiness")
    rotated = gateway.command("keys", "rotate", "--endpoint", "aws")
    assert rotated.returncode == 0, rotated.stderr
    for _ in range(20):
        gateway.call("POST", "/aws/token", "grant_type=urn:ietf:params:oauth:grant-type:token-exchange")
    until(lambda: status(gateway)["endpoints"][0]["keys"][-1]["state"] == "published", "the new key's publication")
    until(lambda: any("code" in failure for failure in status(gateway)["failures"]), "a failure with its code")
    yield gateway
    gateway.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    browser = Chromium(shutil.which("chromium") or "")
    yield browser
    browser.close()


def get(gateway: GatewayProgram, path: str, host: str | None = None) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", gateway.admin_port, timeout=60)
    connection.request("GET", path, headers={"Host": host} if host else {})
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def status(gateway: GatewayProgram) -> dict:
    code, text = get(gateway, "/status?format=json")
    assert code == 200
    return json.loads(text)


def url(gateway: GatewayProgram) -> str:
    return f"http://localhost:{gateway.admin_port}/status"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_fits_and_can_be_read(gateway: GatewayProgram, browser: Chromium, width: int, dark: bool) -> None:
    browser.show(url(gateway), width, dark=dark)
    assert browser.problems() == []
    assert browser.value("document.documentElement.scrollWidth") <= width
    outside = browser.value("""[...document.querySelectorAll("body *")].filter(e => {
        const r = e.getBoundingClientRect();
        return r.width > 0 && (r.left < -1 || r.right > innerWidth + 1) && !e.closest(".scroll, .axis");
    }).map(e => e.outerHTML.slice(0, 80))""")
    assert outside == []
    assert browser.value("parseFloat(getComputedStyle(document.body).fontSize)") >= 14
    background, text = browser.value(
        "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]"
    )
    assert contrast(background, text) >= 7, "WCAG AAA"
    assert (luminance(background) < 0.5) == dark


@pytest.mark.parametrize("width", WIDTHS)
def test_without_javascript_everything_is_there(gateway: GatewayProgram, browser: Chromium, width: int) -> None:
    browser.show(url(gateway), width, scripts=False)
    text = browser.value("document.body.innerText")
    for name in ENDPOINTS:
        assert name in text
    for part in ["Needs attention", "Token calls", "Last warnings and errors", "Replicas", "STS1503", "published"]:
        assert part in text, part
    assert browser.value("document.querySelectorAll('details svg rect').length") >= 4


def test_nothing_is_requested_from_elsewhere(gateway: GatewayProgram, browser: Chromium) -> None:
    browser.show(url(gateway), 1280)
    assert all(one.startswith(f"http://localhost:{gateway.admin_port}/") for one in browser.requested())


def test_the_page_refreshes_itself(gateway: GatewayProgram, browser: Chromium) -> None:
    browser.show(url(gateway), 1280)
    browser.value("document.querySelector('main').dataset.old = 'yes'; document.querySelector('details').open = false")
    until(lambda: browser.value("document.querySelector('main').dataset.old") is None, "the refresh")
    assert browser.problems() == []
    assert browser.value("document.querySelector('details').open") is False, "what is closed stays closed"


def test_only_a_local_host_is_answered(gateway: GatewayProgram) -> None:
    assert get(gateway, "/status", "localhost:9090")[0] == 200
    for host in ["attacker.example", "10.0.0.7:9090", "sts-gateway-admin.sts.svc"]:
        code, text = get(gateway, "/status", host)
        assert code == 403 and "aws" not in text and "STS1906" in text


def test_the_command_shows_the_same(gateway: GatewayProgram) -> None:
    ended = child_process.run(
        [str(gateway.program), "status", "--address", f"127.0.0.1:{gateway.admin_port}"],
        env=gateway.environment(), cwd=gateway.folder,
    )  # fmt: skip
    assert ended.returncode == 0 and "aws: ok" in ended.stdout and f"{ENDPOINTS[2]}: warning" in ended.stdout
    away = child_process.run(
        [str(gateway.program), "status", "--address", "127.0.0.1:1"], env=gateway.environment(), cwd=gateway.folder
    )
    assert away.returncode == 69 and "(STS1802)" in away.stderr


def test_the_screenshot_of_the_documentation(gateway: GatewayProgram, browser: Chromium) -> None:
    """Writes it where STS_SCREENSHOT says."""
    file = os.environ.get("STS_SCREENSHOT")
    if not file:
        pytest.skip("STS_SCREENSHOT is not set")
    browser.show(url(gateway), 900)
    # The folder of the test is not of interest.
    browser.value("""(() => {
        const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        while (texts.nextNode()) {
            const text = texts.currentNode;
            text.data = text.data.replaceAll(FOLDER, "/srv/issuer").replaceAll(NAME, "vault");
        }
    })()""".replace("FOLDER", json.dumps(str(gateway.folder))).replace("NAME", json.dumps(ENDPOINTS[2])))
    browser.screenshot(Path(file), 800)


def luminance(color: str) -> float:
    """The relative luminance of `rgb(…)` (WCAG 2.2)."""
    parts = [int(part) / 255 for part in color.removeprefix("rgb(").removesuffix(")").split(",")]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)
