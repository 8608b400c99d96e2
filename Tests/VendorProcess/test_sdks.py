"""The vendors' own SDKs, in processes with exactly the variables and files of a Pod."""

import base64
import json
import sys
import textwrap
import tomllib
from pathlib import Path

import child_process
from gateway_program import GatewayProgram

from .conftest import ROLE, started
from .pod import Pod
from .relying_parties import RelyingParties


def ran(pod: Pod, program: str, **more: str) -> str:
    """Runs a Python program in an environment that has only the Pod's variables."""
    environment = {"HOME": str(pod.folder), "NO_PROXY": "127.0.0.1,localhost", **pod.variables, **more}
    ended = child_process.run([sys.executable, "-c", textwrap.dedent(program)], env=environment, cwd=pod.folder)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


def test_one_pod_has_four_endpoints_and_one_sidecar(pod: Pod) -> None:
    assert len([each for each in pod.sidecars if each["name"] == "sts-sidecar"]) == 1
    assert pod.settings["STS_ENDPOINTS"] == "anthropic,azure,databricks,gcp"
    assert pod.settings["STS_RENEW_BEFORE"] == "azure=720s"
    assert list(json.loads(pod.settings["STS_FILES"])) == ["gcp/credentials.json"]
    for name in ["anthropic", "azure", "databricks", "gcp"]:
        assert (pod.folder / "tokens" / name / "token").exists()


def test_google_auth_impersonates_by_the_credential_configuration(pod: Pod, parties: RelyingParties) -> None:
    output = ran(
        pod,
        """
        import google.auth, google.auth.transport.requests
        credentials, project = google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])
        credentials.refresh(google.auth.transport.requests.Request())
        print(project, credentials.token)
        """,
    )
    assert output == "my-project-123 google-access"
    exchange = next(call for call in parties.calls if call.path == "/v1/token")
    assert exchange.claims["sub"] == "trial:default:web"


def test_azure_identity_authenticates_as_the_client_of_the_annotation(pod: Pod, gateway: GatewayProgram) -> None:
    output = ran(
        pod,
        """
        from azure.identity import DefaultAzureCredential
        print(DefaultAzureCredential().get_token("https://vault.azure.net/.default").token)
        """,
        REQUESTS_CA_BUNDLE=str(gateway.pki / "ca.pem"),
    )
    assert output == "entra-access"


def test_anthropic_repeats_the_exchange_with_one_token(pod: Pod, parties: RelyingParties) -> None:
    for _ in range(2):
        output = ran(
            pod,
            """
            import anthropic
            answer = anthropic.Anthropic().messages.create(
                model="m", max_tokens=8, messages=[{"role": "user", "content": "hello"}])
            print(answer.content[0].text)
            """,
        )
        assert output == "hello"
    assert len([call for call in parties.calls if call.path == "/v1/oauth/token" and call.claims]) == 2
    assert not parties.seen, "the tokens have no jti, which is accepted once only"


def test_databricks_exchanges_the_file_of_its_variables(pod: Pod) -> None:
    output = ran(
        pod,
        """
        from databricks.sdk import WorkspaceClient
        client = WorkspaceClient()
        print(client.config.auth_type, client.current_user.me().user_name)
        """,
    )
    assert output == "file-oidc web"


def test_openai_exchanges_the_token_with_the_ids_of_the_variables(gateway: GatewayProgram, parties: RelyingParties) -> None:
    pod = started(gateway, {"openai": ""}, "openai")
    output = ran(
        pod,
        f"""
        import os
        from openai.auth import k8s_service_account_token_provider
        from openai.auth._workload import WorkloadIdentityAuth
        auth = WorkloadIdentityAuth(
            workload_identity={{
                "identity_provider_id": os.environ["OPENAI_IDENTITY_PROVIDER_ID"],
                "service_account_id": os.environ["OPENAI_SERVICE_ACCOUNT_ID"],
                "provider": k8s_service_account_token_provider(os.environ["OPENAI_IDENTITY_TOKEN_FILE"]),
            }},
            token_exchange_url="{parties.url}/oauth/token")
        print(auth.get_token())
        """,
    )
    assert output == "openai-access"


def test_boto3_finds_role_region_and_token(gateway: GatewayProgram) -> None:
    pod = started(gateway, {"aws-role": ROLE}, "aws")
    output = ran(
        pod,
        """
        import boto3
        session = boto3.Session()
        provider = session._session.get_component("credential_provider").get_provider("assume-role-with-web-identity")
        print(session.region_name, provider._get_config("role_arn"), provider._get_config("web_identity_token_file"))
        """,
    )
    assert output == f"eu-central-1 {ROLE} {pod.folder}/tokens/aws/token"


def test_a_pod_requests_the_lifetime_of_its_tokens(gateway: GatewayProgram) -> None:
    pod = started(gateway, {"aws-role": ROLE, "aws-role-lifetime": "5m"}, "lifetime")
    assert pod.settings["STS_LIFETIMES"] == "aws=300s"
    part = (pod.folder / "tokens/aws/token").read_text().split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    assert claims["exp"] - claims["iat"] == 300


def test_snowflakes_driver_logs_in_with_the_connection_of_its_file(gateway: GatewayProgram, parties: RelyingParties) -> None:
    pod = started(gateway, {"snowflake": ""}, "snowflake")
    file = Path(pod.variables["SNOWFLAKE_TOKEN_FILE_PATH"]).parent / "connections.toml"
    assert tomllib.loads(file.read_text()) == {
        "default": {
            "account": "myorg-myaccount", "authenticator": "WORKLOAD_IDENTITY", "workload_identity_provider": "OIDC",
            "token_file_path": pod.variables["SNOWFLAKE_TOKEN_FILE_PATH"],
        }
    }  # fmt: skip
    output = ran(
        pod,
        f"""
        import snowflake.connector
        connection = snowflake.connector.connect(
            connection_name="default", host="127.0.0.1", port={parties.plain.server_address[1]}, protocol="http")
        print(connection.cursor().execute("select current_user()").fetchall())
        """,
        SNOWFLAKE_HOME=str(file.parent), SNOWFLAKE_WIF_ALLOWED_HOST_SUFFIXES="127.0.0.1",
    )  # fmt: skip
    assert output == "[('WEB',)]"
    login = next(call for call in parties.calls if call.path == "/session/v1/login-request")
    assert login.claims["sub"] == "trial:default:web"


def test_each_endpoint_of_one_process_issues_its_own_tokens(gateway: GatewayProgram) -> None:
    assert len(gateway.endpoints) == 10
    for name in gateway.endpoints:
        assert gateway.exchange(name) == 200, name
