"""The credentials of `provision aws` are those that botocore finds: same files and variables, same access key."""

import json
import os
import socketserver
import stat
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha1
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import botocore.session
import child_process
import pytest
from botocore.config import Config
from built_programs import REPOSITORY, built_gateway

CONFIGURATION = """\
cluster: trial
keyStore: {directory: keys}
review: {offline: {jwks: jwks.json, issuer: https://kubernetes.default.svc.cluster.local}}
sts:
  endpoints:
  - name: one
    plugin: aws
    audience: sts.amazonaws.com
    azRules:
    - {scope: filter, constraint: "(namespace=default)"}
    settings: {region: eu-central-1}
"""
ROLE = "arn:aws:iam::111111111111:role/admin"


class _Handler(BaseHTTPRequestHandler):
    """STS, the portal of IAM Identity Center, the instance metadata service and the container's endpoint."""

    server: "StandIn"

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self, status: int, content: str, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content.encode())))
        self.end_headers()
        self.wfile.write(content.encode())

    def do_PUT(self) -> None:
        self._answer(200, "session", "text/plain")

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        expiration = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        if url.path == "/federation/credentials":
            key = {"accessKeyId": "ASIASSO", "secretAccessKey": "s", "sessionToken": "t", "expiration": 4102444800000}
            return self._answer(200, json.dumps({"roleCredentials": key}))
        if url.path == "/latest/meta-data/iam/security-credentials/":
            return self._answer(200, "instance", "text/plain")
        name = "ASIAIMDS" if url.path.startswith("/latest/") else "ASIACONTAINER"
        key = {"Code": "Success", "AccessKeyId": name, "SecretAccessKey": "s", "Token": "t", "Expiration": expiration}
        self._answer(200, json.dumps(key))
        return None

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode())
        action = form["Action"][0]
        key = self.headers.get("Authorization", "").partition("Credential=")[2].partition("/")[0]
        self.server.calls.append((action, key))
        if action == "GetCallerIdentity":
            # The command ends here.
            error = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>of the test</Message></Error></ErrorResponse>"
            return self._answer(403, error, "text/xml")
        name = "ASIAWEB" if action == "AssumeRoleWithWebIdentity" else f"ASIAOF{key}"
        self._answer(
            200,
            f'<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result><Credentials>'
            f"<AccessKeyId>{name}</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
            f"<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></{action}Result></{action}Response>",
            "text/xml",
        )
        return None


class StandIn(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.calls: list[tuple[str, str]] = []

    def server_bind(self) -> None:
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "localhost", self.server_address[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@pytest.fixture(scope="module")
def stand_in() -> Iterator[StandIn]:
    server = StandIn()
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


class Home:
    """The files of one administrator."""

    def __init__(self, folder: Path, server: StandIn) -> None:
        self.folder, self.server = folder, server
        (folder / ".aws/sso/cache").mkdir(parents=True)
        (folder / "gateway.yaml").write_text(CONFIGURATION)
        self.variables = {
            "PATH": os.environ["PATH"], "HOME": str(folder), "AWS_EC2_METADATA_SERVICE_ENDPOINT": server.url,
            "AWS_ENDPOINT_URL": server.url, "AWS_DEFAULT_REGION": "eu-central-1", "NO_PROXY": "127.0.0.1",
        }  # fmt: skip

    def write(self, config: str = "", credentials: str = "") -> None:
        (self.folder / ".aws/config").write_text(config)
        (self.folder / ".aws/credentials").write_text(credentials)

    def process(self, content: str) -> Path:
        """A program with a space in its path."""
        program = self.folder / "a program"
        program.write_text(f"#!{sys.executable}\n{content}")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        return program

    def run(self, *arguments: str) -> tuple[str, str]:
        """The access key of the command's first call, and its output."""
        self.server.calls.clear()
        ended = child_process.run(
            [str(built_gateway()), "provision", "aws", "--config", "gateway.yaml", "--plugins",
             str(REPOSITORY / "plugins.json"), "--endpoint", "one", "--plan", *arguments],
            env=self.variables, cwd=self.folder,
        )  # fmt: skip
        keys = [key for action, key in self.server.calls if action == "GetCallerIdentity"]
        return (keys or [""])[0], ended.stdout + ended.stderr

    @contextmanager
    def as_environment(self) -> Iterator[None]:
        before = dict(os.environ)
        os.environ.clear()
        os.environ.update(self.variables)
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)

    def botocore(self, profile: str | None) -> str:
        """The access key that botocore uses for the same call."""
        self.server.calls.clear()
        with self.as_environment():
            session = botocore.session.Session(profile=profile)
            client = session.create_client("sts", config=Config(retries={"total_max_attempts": 1}))
            with pytest.raises(client.exceptions.ClientError):
                client.get_caller_identity()
        return [key for action, key in self.server.calls if action == "GetCallerIdentity"][0]


@pytest.fixture
def home(tmp_path: Path, stand_in: StandIn) -> Home:
    return Home(tmp_path, stand_in)


def keys(name: str) -> str:
    return f"aws_access_key_id = {name}\naws_secret_access_key = s\n"


CASES: dict[str, tuple[str, str, dict[str, str], str | None]] = {
    "environment": ("[default]\n" + keys("D"), "", {"AWS_ACCESS_KEY_ID": "E", "AWS_SECRET_ACCESS_KEY": "s"}, None),
    "profile over environment": (
        "[profile a]\n" + keys("A"), "", {"AWS_ACCESS_KEY_ID": "E", "AWS_SECRET_ACCESS_KEY": "s"}, "a",
    ),
    "variable of the profile": ("[profile a]\n" + keys("A"), "", {"AWS_PROFILE": "a"}, None),
    "credentials file over config file": ("[default]\n" + keys("C"), "[default]\n" + keys("F"), {}, None),
    "quoted profile": ('[profile "a b"]\n' + keys("Q"), "", {}, "a b"),
    "hash in a value": ("", "[default]\naws_access_key_id = A#1;2\naws_secret_access_key = s#t\n", {}, None),
    "source profile": (
        f"[profile a]\nrole_arn = {ROLE}\nsource_profile = b\n[profile b]\n" + keys("B"), "", {}, "a",
    ),
    "chain of roles": (
        f"[profile a]\nrole_arn = {ROLE}\nsource_profile = b\n[profile b]\nrole_arn = {ROLE}\nsource_profile = c\n",
        "[c]\n" + keys("C"), {}, "a",
    ),
    "source profile is itself": (f"[profile a]\nrole_arn = {ROLE}\nsource_profile = a\n" + keys("A"), "", {}, "a"),
    "role before keys": (f"[profile a]\nrole_arn = {ROLE}\nsource_profile = b\n" + keys("A") + "[profile b]\n" + keys("B"), "", {}, "a"),
    "source is the environment": (
        f"[profile a]\nrole_arn = {ROLE}\ncredential_source = Environment\n", "",
        {"AWS_ACCESS_KEY_ID": "E", "AWS_SECRET_ACCESS_KEY": "s"}, "a",
    ),
    "source is the instance": (f"[profile a]\nrole_arn = {ROLE}\ncredential_source = Ec2InstanceMetadata\n", "", {}, "a"),
    "web identity of the profile": (f"[profile a]\nrole_arn = {ROLE}\nweb_identity_token_file = HOME/token\n", "", {}, "a"),
    "web identity of the environment": (
        "[default]\n" + keys("D"), "", {"AWS_ROLE_ARN": ROLE, "AWS_WEB_IDENTITY_TOKEN_FILE": "HOME/token"}, None,
    ),
    "profile over web identity": (
        "[profile a]\n" + keys("A"), "", {"AWS_ROLE_ARN": ROLE, "AWS_WEB_IDENTITY_TOKEN_FILE": "HOME/token"}, "a",
    ),
    "single sign-on": (
        "[profile a]\nsso_session = mine\nsso_account_id = 1\nsso_role_name = R\n[sso-session mine]\n"
        "sso_start_url = https://start.example\nsso_region = eu-central-1\n", "", {}, "a",
    ),
    "legacy single sign-on": (
        "[profile a]\nsso_start_url = https://start.example\nsso_region = eu-central-1\nsso_account_id = 1\n"
        "sso_role_name = R\n", "", {}, "a",
    ),
    "single sign-on before keys": (
        "[profile a]\nsso_start_url = https://start.example\nsso_region = eu-central-1\nsso_account_id = 1\n"
        "sso_role_name = R\n" + keys("A"), "", {}, "a",
    ),
    "process": ("[profile a]\ncredential_process = 'HOME/a program' \"A  B\" 'c\"d' e\\ f # g\n", "", {}, "a"),
    "keys of the credentials file before process": (
        "[profile a]\ncredential_process = false\n", "[a]\n" + keys("A"), {}, "a",
    ),
    "process before keys of the config file": (
        "[profile a]\ncredential_process = 'HOME/a program'\n" + keys("A"), "", {}, "a",
    ),
    "process as source profile": (
        f"[profile a]\nrole_arn = {ROLE}\nsource_profile = b\n[profile b]\ncredential_process = 'HOME/a program'\n", "",
        {}, "a",
    ),
    "container": ("", "", {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "SERVER/container"}, None),
    "instance": ("", "", {}, None),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_same_access_key_as_botocore(name: str, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    config, credentials, variables, profile = CASES[name]

    def filled(text: str) -> str:
        return text.replace("HOME", str(home.folder)).replace("SERVER", home.server.url)

    home.write(filled(config), filled(credentials))
    home.variables |= {key: filled(value) for key, value in variables.items()}
    (home.folder / "token").write_text("a.web.identity")
    # The key has the words of the command line.
    home.process(
        "import hashlib, json, sys\n"
        "name = 'P' + hashlib.sha1(repr(sys.argv[1:]).encode()).hexdigest()[:12].upper()\n"
        "print(json.dumps({'Version': 1, 'AccessKeyId': name, 'SecretAccessKey': 's'}))\n"
    )
    for start in ["mine", "https://start.example"]:
        file = home.folder / f".aws/sso/cache/{sha1(start.encode()).hexdigest()}.json"
        file.write_text(json.dumps({"accessToken": "token", "expiresAt": "2099-01-01T00:00:00Z"}))
    # botocore's paths are fixed when it is imported.
    cache = str(home.folder / ".aws/sso/cache")
    monkeypatch.setattr("botocore.credentials.SSOProvider._SSO_TOKEN_CACHE_DIR", cache)
    monkeypatch.setattr("botocore.tokens.SSOTokenProvider._SSO_TOKEN_CACHE_DIR", cache)
    expected = home.botocore(profile)
    found, output = home.run(*(["--profile", profile] if profile else []))
    assert found == expected, output


def test_a_process_that_does_not_end_or_writes_too_much_is_killed(home: Home) -> None:
    home.write("[profile a]\ncredential_process = 'HOME/a program'\n".replace("HOME", str(home.folder)))
    home.process("import sys\nprint('hidden' * 20000, file=sys.stderr)\nprint('hidden' * 20000)\n")
    found, output = home.run("--profile", "a")
    assert found == "" and "wrote more than 65536 bytes" in output and "hidden" not in output
    home.process("import sys\nprint('hidden')\nprint('hidden', file=sys.stderr)\nsys.exit(3)\n")
    found, output = home.run("--profile", "a")
    assert found == "" and "failed with the exit status 3" in output and "hidden" not in output
    home.write("[profile a]\ncredential_process = /nonexistent/program\n")
    found, output = home.run("--profile", "a")
    assert found == "" and "cannot be started" in output


def test_no_shell_reads_the_command(home: Home) -> None:
    mark = home.folder / "mark"
    home.write(f"[profile a]\ncredential_process = 'HOME/a program' $(touch {mark}) ; touch {mark}\n".replace("HOME", str(home.folder)))
    home.process("import json, sys\nprint(json.dumps({'Version': 1, 'AccessKeyId': 'P', 'SecretAccessKey': 's'}))\n")
    found, _ = home.run("--profile", "a")
    assert found == "P" and not mark.exists()


def test_an_expired_login_names_the_command(home: Home) -> None:
    home.write(CASES["single sign-on"][0])
    file = home.folder / f".aws/sso/cache/{sha1(b'mine').hexdigest()}.json"
    file.write_text(json.dumps({"accessToken": "hidden", "expiresAt": "2020-01-01T00:00:00Z"}))
    found, output = home.run("--profile", "a")
    assert found == "" and "aws sso login --profile a" in output and "hidden" not in output


def test_mfa_is_refused_with_the_reason(home: Home) -> None:
    home.write(f"[profile a]\nrole_arn = {ROLE}\nsource_profile = b\nmfa_serial = arn:x\n[profile b]\n" + keys("B"))
    found, output = home.run("--profile", "a")
    assert found == "" and "MFA is not supported" in output


def test_the_region_of_the_profile_is_used(home: Home) -> None:
    home.write("[profile a]\nregion = eu-north-1\n" + keys("A"))
    del home.variables["AWS_DEFAULT_REGION"]
    file = home.folder / "gateway.yaml"
    file.write_text(file.read_text().replace("    settings: {region: eu-central-1}\n", ""))
    found, output = home.run("--profile", "a")
    assert found == "A", output
    home.write("[profile a]\n" + keys("A"))
    found, output = home.run("--profile", "a")
    assert found == "" and "--region" in output
    found, output = home.run("--profile", "a", "--region", "eu-west-1")
    assert found == "A", output


def test_serve_and_publish_run_no_program(home: Home) -> None:
    mark = home.folder / "mark"
    home.process(f"open({str(mark)!r}, 'w')\n")
    home.write("[default]\ncredential_process = 'HOME/a program'\n".replace("HOME", str(home.folder)))
    file = home.folder / "gateway.yaml"
    file.write_text(
        file.read_text()
        + "    issuer: {host: issuer.example}\n"
        + "    publish: {bucket: bucket, region: eu-central-1, credentials: [profile], probe: {enabled: false}}\n"
    )
    ended = child_process.run(
        [str(built_gateway()), "publish", "--config", "gateway.yaml", "--plugins",
         str(REPOSITORY / "plugins.json"), "--endpoint", "one"],
        env=home.variables, cwd=home.folder,
    )  # fmt: skip
    assert ended.returncode != 0 and "credential_process are not supported" in ended.stdout + ended.stderr
    assert not mark.exists()
