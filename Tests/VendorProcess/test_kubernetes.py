"""An API server of another cluster as relying party: the file of `--authentication-config` that a command prints, a
discovery URL that is not public, and the kubeconfig that the Python client of a Pod reads."""

import json
import shutil
import sys
import textwrap
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import child_process
import pytest
import yaml
from built_programs import built_gateway
from gateway_program import CLUSTER, OWN_AUDIENCE, GatewayProgram
from waiting import until

from .api_server import APIServer
from .conftest import started
from .pod import Pod

AUDIENCE = "https://api.staging.example.com:6443"
WHO = """
    import kubernetes
    kubernetes.config.load_kube_config()
    review = kubernetes.client.AuthenticationV1Api().create_self_subject_review({})
    print(review.status.user_info.username, review.status.user_info.groups)
    """


def free_port() -> int:
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as probe:
        return probe.server_port


def endpoint(port: int, authority: str, **settings: Any) -> dict[str, Any]:
    """An endpoint whose documents only the other API server reads, at the gateway itself."""
    url = f"https://127.0.0.1:{port}/staging"
    return {
        "name": "staging", "plugin": "kubernetes", "audience": AUDIENCE, "issuer": {"jwksURI": f"{url}/certs"},
        "azRules": [{"scope": "filter", "constraint": "(namespace=default)"}],
        "subjectToken": {"audiences": [OWN_AUDIENCE]}, "publish": {"probe": {"enabled": False}},
        "token": {"claims": {"teams": ["shop"]}}, "rotation": {"maxAge": "1s", "propagation": "2s"},
        "settings": {
            "server": "https://unknown.example.com", "discoveryURL": f"{url}/.well-known/openid-configuration",
            "issuerCertificateAuthority": authority, "groupsClaim": "teams", **settings,
        },
    }  # fmt: skip


@pytest.fixture(scope="module")
def private(folder: Path) -> Iterator[GatewayProgram]:
    """A gateway without a public issuer."""
    port = free_port()
    own = folder / "kubernetes"
    own.mkdir()
    made = GatewayProgram(built_gateway(), own, folder / "cluster", folder / "pki", listen=f"127.0.0.1:{port}")
    made.endpoints = {"staging": endpoint(port, (folder / "pki/ca.pem").read_text())}
    made.serve()
    yield made
    made.stop()
    made.check_nothing_secret_was_said()


@pytest.fixture(scope="module")
def configuration(private: GatewayProgram) -> str:
    ended = private.command("provision", "kubernetes", "--endpoint", "staging", "--output", "configuration")
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def server(private: GatewayProgram, configuration: str) -> Iterator[APIServer]:
    made = APIServer(private.pki, configuration)
    private.endpoints["staging"]["settings"] |= {
        "server": made.url, "certificateAuthority": (private.pki / "ca.pem").read_text(), "namespace": "team-a",
    }  # fmt: skip
    yield made
    made.stop()


def ran(pod: Pod, program: str) -> str:
    """Runs a program in an environment that has only the Pod's variables, and what `sh` needs."""
    environment = {"HOME": str(pod.folder), "PATH": "/usr/bin:/bin", "NO_PROXY": "127.0.0.1", **pod.variables}
    ended = child_process.run([sys.executable, "-c", textwrap.dedent(program)], env=environment, cwd=pod.folder)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


def test_the_printed_configuration_is_that_of_a_private_issuer(private: GatewayProgram, configuration: str) -> None:
    (authenticator,) = yaml.safe_load(configuration)["jwt"]
    assert authenticator["issuer"] == {
        "url": f"https://staging.{CLUSTER}.sts.internal", "audiences": [AUDIENCE],
        "discoveryURL": f"https://127.0.0.1:{private.port}/staging/.well-known/openid-configuration",
        "certificateAuthority": (private.pki / "ca.pem").read_text(),
    }  # fmt: skip
    ended = private.command("provision", "kubernetes", "--endpoint", "staging", "--plan")
    assert ended.returncode == 0 and "--authentication-config" in ended.stdout, ended.stdout + ended.stderr


def test_the_client_of_a_pod_is_the_user_of_its_subject(private: GatewayProgram, server: APIServer) -> None:
    pod = started(private, {"kubernetes": ""}, "token-file")
    kubeconfig = json.loads(Path(pod.variables["KUBECONFIG"]).read_text())
    assert kubeconfig["users"] == [{"name": "staging", "user": {"tokenFile": f"{pod.folder}/tokens/staging/token"}}]
    assert kubeconfig["contexts"][0]["context"]["namespace"] == "team-a"
    assert ran(pod, WHO) == f"sts:{CLUSTER}:default:web ['sts:shop']"
    assert server.reads == [
        f"https://127.0.0.1:{private.port}/staging/{name}" for name in [".well-known/openid-configuration", "certs"]
    ]


def test_an_exec_credential_reads_the_file_again(private: GatewayProgram, server: APIServer) -> None:
    private.endpoints["staging"]["settings"]["execCredential"] = True
    pod = started(private, {"kubernetes": "team-b"}, "exec")
    private.endpoints["staging"]["settings"]["execCredential"] = False
    kubeconfig = json.loads(Path(pod.variables["KUBECONFIG"]).read_text())
    assert kubeconfig["contexts"][0]["context"]["namespace"] == "team-b"
    assert ran(pod, WHO) == f"sts:{CLUSTER}:default:web ['sts:shop']"
    output = ran(
        pod,
        """
        import json, os, subprocess
        entry = json.load(open(os.environ["KUBECONFIG"]))["users"][0]["user"]["exec"]
        variables = {**os.environ, **{one["name"]: one["value"] for one in entry["env"]}}
        found = json.loads(subprocess.check_output([entry["command"], *entry["args"]], env=variables))
        print(found["status"]["token"] == open(variables["STS_TOKEN_FILE"]).read(), found["status"].keys())
        """,
    )
    assert output == "True dict_keys(['token', 'expirationTimestamp'])"


def test_a_new_key_works_at_its_first_token(private: GatewayProgram, server: APIServer) -> None:
    before = len(server.reads)
    assert private.command("keys", "rotate", "--endpoint", "staging").returncode == 0
    old = json.loads(private.documents("staging")[0])["keys"][0]["kid"]
    until(lambda: next(key["kid"] for key in private.ring("staging")["keys"] if key["state"] == "active") != old)
    pod = started(private, {"kubernetes": ""}, "rotated")
    assert ran(pod, WHO).startswith("sts:")
    assert len(server.reads) == before + 2, "the keys are read once for the unknown kid"


def test_another_audience_issuer_or_cluster_is_rejected(private: GatewayProgram, server: APIServer, configuration: str) -> None:
    pod = started(private, {"kubernetes": ""}, "rejected")
    token = (pod.folder / "tokens/staging/token").read_text()
    file = yaml.safe_load(configuration)
    for change, reason in [
        (("issuer", "audiences", ["other"]), "oidc: expected audience"),
        (("issuer", "url", "https://other.example.com"), "oidc: issuer did not match the issuer returned by provider"),
        (("claimValidationRules", 0, {"claim": "cluster", "requiredValue": "other"}), "oidc: claim cluster"),
    ]:
        changed = json.loads(json.dumps(file))
        block, key, value = change
        changed["jwt"][0][block][key] = value
        other = APIServer(private.pki, yaml.safe_dump(changed))
        with pytest.raises(Exception, match=reason):
            other.user(token)
        other.stop()


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
@pytest.mark.parametrize("is_executed", [False, True])
def test_kubectl_authenticates_with_the_kubeconfig(private: GatewayProgram, server: APIServer, is_executed: bool) -> None:
    private.endpoints["staging"]["settings"]["execCredential"] = is_executed
    pod = started(private, {"kubernetes": ""}, f"kubectl-{is_executed}")
    private.endpoints["staging"]["settings"]["execCredential"] = False
    environment = {"HOME": str(pod.folder), "PATH": "/usr/bin:/bin:/usr/local/bin", "NO_PROXY": "127.0.0.1", **pod.variables}
    ended = child_process.run(["kubectl", "auth", "whoami", "-o", "json"], env=environment, cwd=pod.folder)
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["status"]["userInfo"]["username"] == f"sts:{CLUSTER}:default:web"
