"""A run of `provision aws`: its options in any order, its progress, and how it continues after it was interrupted."""

import json
import os
import pty
import re
import signal
import subprocess
import threading
from pathlib import Path
from typing import Any

import child_process
import pytest
import yaml
from waiting import DEADLINE, until

from .cloud import Cloud, Surroundings
from .test_deprovisioning import Account
from .test_provisioning import Provisioned, provisioned  # noqa: F401
from .test_roles import external

OWNER = "0123456789abcdef"


# ------------------------------------------------------------------------------------------------------------ the key store

KUBECONFIG = """\
apiVersion: v1
kind: Config
current-context: c
contexts: [{name: c, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: u, user: {token: t}}]
"""


def hide_key_store(made: Provisioned) -> str:
    """Puts the keys into Secrets of a cluster that cannot be reached; returns the file's content before."""
    before = made.file.read_text()
    kubeconfig = made.gateway.folder / "kubeconfig.yaml"
    kubeconfig.write_text(KUBECONFIG)
    lines = [
        f"review: {{kubeconfig: {kubeconfig}}}\n" if line.startswith("review:") else line
        for line in before.splitlines(True)
        if not line.startswith("keyStore:")
    ]
    made.file.write_text("".join(lines))
    return before


def test_without_the_key_store_a_run_ends_after_the_bucket_policy_and_prints_how_to_continue(
    provisioned: Provisioned, around: Surroundings  # noqa: F811
) -> None:
    with_store = hide_key_store(provisioned)
    provisioned.gateway.more["POD_NAMESPACE"] = "sts"
    ended = provisioned.run("--yes", "--write", str(provisioned.file))
    assert ended.returncode == 69 and "--owner to provision up to the bucket policy" in ended.stderr
    assert provisioned.changes == []

    # The owner ID is known where the key ring is.
    own = provisioned.gateway.folder / "own.yaml"
    own.write_text(with_store)
    provisioned.file, written = own, provisioned.file
    assert provisioned.run("--output", "terraform", "--yes").returncode == 0
    owner = provisioned.gateway.ring()["owner"]
    provisioned.file = written

    ended = provisioned.run("--yes", "--write", str(provisioned.file), "--owner", owner)
    assert ended.returncode == 75, ended.stdout + ended.stderr
    assert "[4/4] bucket-policy: " in ended.stdout and "documents" not in [step(line) for line in ended.stdout.splitlines()]
    account = Account(around.cloud.moto)
    state = account.state()
    [bucket] = [name for name, found in state["buckets"].items() if "tags" in found and owner in json.dumps(found["tags"])]
    assert state["buckets"][bucket]["versions"] == []
    host = provisioned.endpoint["issuer"]["host"]
    assert not any(host in arn for arn in state["providers"])
    line = next(line for line in ended.stdout.splitlines() if line.startswith("    sts-gateway provision aws "))
    assert line.split()[:3] == ["sts-gateway", "provision", "aws"]
    words = line.split()
    assert words[words.index("--endpoint") + 1] == "one" and words[-1] == "--yes" and "--owner" not in words
    assert words[words.index("--config") + 1] == str(provisioned.file)

    # The printed command, where the key store can be reached.
    text = provisioned.file.read_text()
    kept = [line for line in with_store.splitlines(True) if line.startswith(("keyStore:", "review:"))]
    body = [line for line in text.splitlines(True) if not line.startswith("review:")]
    provisioned.file.write_text("".join(kept + body))
    before = account.state()
    ended = provisioned.run(exact=words[1:])
    assert ended.returncode == 0, ended.stdout + ended.stderr
    after = account.state()
    assert after["distributions"] == before["distributions"] and list(after["buckets"]) == list(before["buckets"])
    assert any(host in arn for arn in after["providers"])


def step(line: str) -> str:
    """The ID of the step that a line of progress begins; empty for another line."""
    return line.partition("] ")[2].partition(":")[0] if line.startswith("[") else ""


# --------------------------------------------------------------------------------------------------------------- --all


def test_all_endpoints_of_the_plugin_are_provisioned(provisioned: Provisioned, cloud: Cloud) -> None:  # noqa: F811
    text = provisioned.file.read_text()
    start = text.index("  - name: one")
    other = '  - name: other\n    plugin: oidc\n    issuer: {host: other.example}\n    audience: other\n' \
        '    azRules: [{scope: filter, constraint: "(namespace=default)"}]\n'
    provisioned.file.write_text(text + text[start:].replace("- name: one ", "- name: two ") + other)
    ended = provisioned.run("--all", "--yes", "--write", str(provisioned.file), endpoint=None)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    endpoints = {one["name"]: one for one in yaml.safe_load(provisioned.file.read_text())["sts"]["endpoints"]}
    hosts = {endpoints[name]["issuer"]["host"] for name in ["one", "two"]}
    assert len(hosts) == 2 and "publish" not in endpoints["other"]
    lines = ended.stdout.splitlines()
    begun = [line for line in lines if line.startswith("[1/")]
    assert len(begun) == 2, "each endpoint has its steps"
    # Both identities are printed before the first change.
    assert [line.split(":")[0] for line in lines[:2]] == ["one", "two"]
    provisioned.proxy.seen.clear()
    ended = provisioned.run("--yes", "--endpoint", "two", "--endpoint", "one", endpoint=None)
    assert ended.returncode == 0 and provisioned.changes == [], ended.stdout + ended.stderr
    assert provisioned.run("--all", "--yes").returncode == 64, "either --all or --endpoint"


# ------------------------------------------------------------------------------------------------------------ the options


@pytest.mark.parametrize("words", [
    ["aws", "role", "reader", "--endpoint", "one", "--service-account", "default/web", "--plan"],
    ["--endpoint", "one", "aws", "role", "reader", "--service-account", "default/web", "--plan"],
    ["aws", "--endpoint", "one", "role", "reader", "--service-account", "default/web", "--plan"],
    ["aws", "--service-account", "default/web", "--endpoint", "one", "--plan", "role", "reader"],
    ["--plan", "--service-account", "default/web", "aws", "role", "--endpoint", "one", "reader"],
])  # fmt: skip
def test_operands_and_options_have_any_order(words: list[str], provisioned: Provisioned) -> None:  # noqa: F811
    external(provisioned)
    config = ["--config", str(provisioned.file), "--owner", OWNER]
    ended = provisioned.run(exact=["provision", *words, *config])
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert 'would create the role "reader"' in ended.stdout
    ended = provisioned.run(exact=["provision", *config, *words])
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_an_option_has_one_value_and_is_repeated(provisioned: Provisioned) -> None:  # noqa: F811
    external(provisioned)
    config = ["--config", str(provisioned.file), "--owner", OWNER, "--plan"]
    ended = provisioned.run(exact=["provision", "aws", *config, "--endpoint", "one", "two"])
    assert ended.returncode == 64 and "for several values repeat the option" in ended.stderr
    ended = provisioned.run(exact=["provision", "aws", *config, "--endpoint", "one", "role"])
    assert ended.returncode == 64 and "expected role NAME" in ended.stderr


# ------------------------------------------------------------------------------------------------------------- the progress


def test_elsewhere_than_on_a_terminal_there_is_a_line_for_each_change(provisioned: Provisioned) -> None:  # noqa: F811
    provisioned.proxy.deployments = 2  # the step that creates it reads once
    ended = provisioned.run("--yes", "--write", str(provisioned.file))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    lines = ended.stdout.splitlines()
    assert [step(line) for line in lines if step(line)] == [
        "bucket", "access-control", "distribution", "bucket-policy", "documents", "serving", "identity-provider",
        "publisher-role",
    ]  # fmt: skip
    done = [line.strip() for line in lines if line.endswith(": done")]
    assert len(done) == int(next(line for line in lines if line.endswith(" changes made")).split()[1])
    assert "create a distribution: done" in done and "upload the documents: done" in done
    waiting = [line for line in lines if line.startswith("    waiting: ")]
    assert waiting and len(waiting) == len(set(waiting)), "a reason is printed once"
    assert "\r" not in ended.stdout + ended.stderr and "\x1b" not in ended.stdout + ended.stderr
    summary = "\n".join(lines[-5:])
    for part in ["s3/buckets/", "cloudfront/v4/home#/distributions/", "iam/home#/identity_providers", "iam/home#/roles/details/"]:
        assert f"https://console.aws.amazon.com/{part}" in summary, summary


class OnTerminal:
    """The program with a terminal of its own."""

    def __init__(self, made: Provisioned, *arguments: str) -> None:
        self.main, child = pty.openpty()
        line, options = made.line(*arguments)
        self.process = child_process.start(
            line, stdin=child, stdout=child, stderr=child, start_new_session=True, **options
        )
        os.close(child)
        self.text = ""
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        while True:
            try:
                part = os.read(self.main, 4096)
            except OSError:
                return
            if not part:
                return
            self.text += part.decode()

    def say(self, text: str) -> None:
        os.write(self.main, text.encode())

    def wait(self) -> int:
        status = self.process.wait(DEADLINE)
        self.reader.join(DEADLINE)
        os.close(self.main)
        return status


def test_a_terminal_is_asked_and_has_a_spinner(provisioned: Provisioned) -> None:  # noqa: F811
    terminal = OnTerminal(provisioned)
    until(lambda: "Apply the changes? [yes/no] " in terminal.text, "the question")
    assert "one: AWS account 111111111111" in terminal.text, "the identity is printed before the question"
    terminal.say("no\n")
    assert terminal.wait() == 64 and "nothing was changed" in terminal.text
    assert provisioned.changes == []

    provisioned.proxy.deployments = 2  # the step that creates it reads once
    terminal = OnTerminal(provisioned, "--write", str(provisioned.file))
    until(lambda: "[yes/no] " in terminal.text, "the question")
    terminal.say("yes\n")
    assert terminal.wait() == 0, terminal.text
    spinner = re.compile(r"\r\x1b\[K    [-/|\\] waiting: CloudFront deploys the distribution")
    assert spinner.search(terminal.text), terminal.text
    assert "[8/8] publisher-role" in terminal.text


# ---------------------------------------------------------------------------------------------------------------- Ctrl-C


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("place", ["in a call", "in a pause"])
def test_an_interrupted_run_continues_with_the_same_command(
    provisioned: Provisioned, cloud: Cloud, place: str, number: signal.Signals  # noqa: F811
) -> None:
    """The signal arrives while the distribution is created, whose response is lost, or while its deployment is polled."""
    reached, release = threading.Event(), threading.Event()

    def hold(handler: Any, request: Any) -> bool:
        handler.forward(request)
        reached.set()
        release.wait(DEADLINE)
        return handler.hang_up(0)

    if place == "in a call":
        provisioned.proxy.fail(hold, "POST", r"/2020-05-31/distribution\?WithTags=?", 1)
    else:
        provisioned.proxy.deployments = 1 << 30
    arguments = ["--yes", "--write", str(provisioned.file)]
    line, options = provisioned.line(*arguments)
    with (provisioned.gateway.folder / "run.out").open("w+") as output:
        process = child_process.start(line, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, **options)
        file = Path(output.name)
        if place == "in a call":
            until(reached.is_set, "the call")
        else:
            until(lambda: "waiting: CloudFront deploys" in file.read_text(), "the pause")
        process.send_signal(number)
        status = process.wait(DEADLINE)
        release.set()
    said = file.read_text()
    assert status == 130, said
    assert "run the same command again to continue" in said

    provisioned.proxy.deployments = 0
    for name in provisioned.proxy.deploying:
        provisioned.proxy.deploying[name] = 0
    ended = provisioned.run(*arguments)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    account = Account(cloud.moto)
    owner = provisioned.gateway.ring()["owner"]
    assert len(account.state()["distributions"]) == 1, "nothing was created twice"
    assert sum(owner in json.dumps(found.get("tags", "")) for found in account.state()["buckets"].values()) == 1
    provisioned.proxy.seen.clear()
    ended = provisioned.run(*arguments)
    assert "one: nothing to change" in ended.stdout and provisioned.changes == []
