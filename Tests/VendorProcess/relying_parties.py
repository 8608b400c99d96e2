"""Stand-ins of the relying parties' token endpoints. Each verifies a token with the gateway's published keys only, and
checks what the relying party documents."""

import gzip
import json
import time
import urllib.parse
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from gateway_program import GatewayProgram
from joserfc import jws, jwt
from joserfc.jwk import KeySet
from loopback_server import LoopbackServer

JWT_TYPE = "urn:ietf:params:oauth:token-type:jwt"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
PROVIDER = "//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/clusters/providers/production"


class Rejected(Exception):
    """Why a relying party does not accept a request."""


@dataclass
class Call:
    path: str
    values: dict[str, Any]
    headers: dict[str, str]
    claims: dict[str, Any] = field(default_factory=dict)


class RelyingParties:
    """Answers over HTTP and, for Entra, over HTTPS."""

    def __init__(self, pki: Path, gateway: GatewayProgram) -> None:
        self.gateway = gateway
        self.calls: list[Call] = []
        self.seen: set[str] = set()
        self.echoes = False
        """Whether each answer is an error that quotes the whole request, as a careless service would."""
        parties = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: Any) -> None:
                pass

            def do_GET(self) -> None:
                self.answer({})

            def do_POST(self) -> None:
                sent = self.rfile.read(int(self.headers["Content-Length"]))
                body = (gzip.decompress(sent) if self.headers.get("Content-Encoding") == "gzip" else sent).decode()
                kind = self.headers.get("Content-Type", "")
                pairs = json.loads(body) if kind.startswith("application/json") else dict(urllib.parse.parse_qsl(body))
                self.answer(pairs)

            def answer(self, values: dict[str, Any]) -> None:
                call = Call(self.path.partition("?")[0], values, {key.lower(): value for key, value in self.headers.items()})
                parties.calls.append(call)
                try:
                    if parties.echoes:
                        raise Rejected(json.dumps([call.values, call.headers]))
                    status, answer = 200, parties.answer(call)
                except Rejected as error:
                    status, answer = 400, {"error": "invalid_grant", "error_description": str(error)}
                text = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

        self.plain = LoopbackServer(Handler).start()
        self.secure = LoopbackServer(Handler, pki).start()

    @property
    def url(self) -> str:
        return self.plain.url

    @property
    def secure_url(self) -> str:
        return f"https://localhost:{self.secure.server_address[1]}"

    def stop(self) -> None:
        self.plain.stop()
        self.secure.stop()

    def verified(self, endpoint: str, token: str, audience: str, algorithms: list[str]) -> dict[str, Any]:
        """The claims of a token: signature, `kid`, issuer, one audience as a string, times."""
        if token != token.strip():
            raise Rejected("white space around the token")
        keys = KeySet.import_key_set(json.loads(self.gateway.documents(endpoint)[0]))
        header = jws.extract_compact(token.encode()).headers()
        if header["alg"] not in algorithms or header["kid"] not in [key.kid for key in keys.keys]:
            raise Rejected("unknown key or algorithm")
        claims = dict(jwt.decode(token, keys, algorithms=algorithms).claims)
        now = time.time()
        if claims["iss"] != f"https://issuer.example.com/{endpoint}" or claims["aud"] != audience:
            raise Rejected(f"issuer or audience {claims['aud']}")
        if not claims["nbf"] <= claims["iat"] <= now + 30 or claims["exp"] < now or not claims["sub"]:
            raise Rejected("times or subject")
        return claims

    def answer(self, call: Call) -> dict[str, Any]:
        match call.path:
            case "/v1/token":
                return self.google(call)
            case path if path.endswith(":generateAccessToken"):
                return self.impersonation(call)
            case "/v1/oauth/token":
                return self.anthropic(call)
            case "/v1/messages":
                return self.message(call)
            case "/oauth/token":
                return self.openai(call)
            case path if path.endswith("/oauth2/v2.0/token"):
                return self.entra(call)
            case "/oidc/.well-known/oauth-authorization-server":
                return {"authorization_endpoint": f"{self.url}/oidc/v1/authorize", "token_endpoint": f"{self.url}/oidc/v1/token"}
            case "/.well-known/databricks-config":
                return {"oidc_endpoint": f"{self.url}/oidc", "account_id": ACCOUNT, "workspace_id": "1"}
            case "/oidc/v1/token":
                return self.databricks(call)
            case "/api/2.0/preview/scim/v2/Me":
                if call.headers.get("authorization") != "Bearer dbx-access":
                    raise Rejected("bearer")
                return {"userName": "web"}
            case "/reports/token":
                return self.reports(call)
            case "/session/v1/login-request":
                return self.snowflake(call)
            case "/queries/v1/query-request":
                return self.query(call)
            case "/session" | "/telemetry/send":
                return {"success": True, "data": None, "code": None, "message": None}
        raise Rejected(f"no such path: {call.path}")

    def google(self, call: Call) -> dict[str, Any]:
        values = call.values
        if values["grant_type"] != EXCHANGE or values["audience"] != PROVIDER or values["subject_token_type"] != JWT_TYPE:
            raise Rejected("invalid_target")
        call.claims = self.verified("gcp", values["subject_token"], "https:" + PROVIDER, ["RS256", "ES256"])
        if len(call.claims["sub"].encode()) > 127 or call.claims["exp"] - call.claims["iat"] > 86_400:
            raise Rejected("google.subject or lifetime")
        return {"access_token": "google-federated", "token_type": "Bearer", "expires_in": 3600, "issued_token_type": "urn:ietf:params:oauth:token-type:access_token"}  # fmt: skip

    def impersonation(self, call: Call) -> dict[str, Any]:
        if call.headers["authorization"] != "Bearer google-federated" or f"/{SERVICE_ACCOUNT}:" not in call.path:
            raise Rejected("PERMISSION_DENIED")
        return {"accessToken": "google-access", "expireTime": "2099-01-01T00:00:00Z"}

    def entra(self, call: Call) -> dict[str, Any]:
        values = call.values
        expected = {"grant_type": "client_credentials", "client_id": CLIENT, "client_assertion_type": ASSERTION}
        if not expected.items() <= values.items() or call.path != f"/{TENANT}/oauth2/v2.0/token":
            raise Rejected("AADSTS700016")
        call.claims = self.verified("azure", values["client_assertion"], "api://AzureADTokenExchange", ["RS256"])
        if call.claims["exp"] - time.time() < 720:
            raise Rejected("AADSTS700024")
        return {"access_token": "entra-access", "token_type": "Bearer", "expires_in": 3600}

    def reports(self, call: Call) -> dict[str, Any]:
        values = call.values
        if values.get("grant_type") != EXCHANGE or values["subject_token_type"] != JWT_TYPE:
            raise Rejected("grant type")
        call.claims = self.verified("reports", values["subject_token"], "https://reports.example.com", ["RS256"])
        return {"access_token": "reports-access", "token_type": "Bearer", "expires_in": 60, "issued_token_type": JWT_TYPE}

    def anthropic(self, call: Call) -> dict[str, Any]:
        values = call.values
        expected = {"grant_type": BEARER, "federation_rule_id": "fdrl_1", "organization_id": TENANT, "service_account_id": "svac_1"}
        if not expected.items() <= values.items() or len(values["assertion"]) > 16_384:
            raise Rejected("authentication_error")
        call.claims = self.verified("anthropic", values["assertion"], "https://api.anthropic.com", ["RS256", "ES256"])
        if call.claims["exp"] - call.claims["iat"] > 3_600:
            raise Rejected("max_jwt_lifetime_seconds")
        if (used := call.claims.get("jti")) is not None:
            if used in self.seen:
                raise Rejected("jti_reused")
            self.seen.add(used)
        return {"access_token": "sk-ant-oat01-test", "token_type": "Bearer", "expires_in": 3600}

    def message(self, call: Call) -> dict[str, Any]:
        if call.headers.get("authorization") != "Bearer sk-ant-oat01-test":
            raise Rejected("authentication_error")
        return {
            "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "stop_reason": "end_turn",
            "content": [{"type": "text", "text": "hello"}], "usage": {"input_tokens": 1, "output_tokens": 1},
        }  # fmt: skip

    def openai(self, call: Call) -> dict[str, Any]:
        values = call.values
        if values["identity_provider_id"] != "idp_1" or values["service_account_id"] != "user-1":
            raise Rejected("invalid_grant")
        call.claims = self.verified("openai", values["subject_token"], "https://api.openai.com/v1", ["RS256"])
        return {"access_token": "openai-access", "token_type": "Bearer", "expires_in": 900, "issued_token_type": "urn:ietf:params:oauth:token-type:access_token"}  # fmt: skip

    def snowflake(self, call: Call) -> dict[str, Any]:
        """A login of a user whose WORKLOAD_IDENTITY has this issuer, subject and the default audience. A failure is an
        answer with status 200."""
        values = call.values["data"]
        expected = {"ACCOUNT_NAME": "myorg-myaccount", "AUTHENTICATOR": "WORKLOAD_IDENTITY", "PROVIDER": "OIDC"}
        try:
            if not expected.items() <= values.items() or {"LOGIN_NAME", "PASSWORD"} & values.keys():
                raise Rejected("another account or authenticator")
            call.claims = self.verified(
                "snowflake", values["TOKEN"], "snowflakecomputing.com",
                ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512"],
            )  # fmt: skip
            if call.claims["sub"] != "trial:default:web":
                raise Rejected("no user has this subject")
        except Rejected as error:
            return {"success": False, "code": "390144", "message": str(error), "data": {}}
        session = {"databaseName": None, "schemaName": None, "warehouseName": None, "roleName": "PUBLIC"}
        return {
            "success": True, "code": None, "message": None,
            "data": {
                "token": "snowflake-session", "masterToken": "snowflake-master", "validityInSeconds": 3600,
                "masterValidityInSeconds": 14400, "displayUserName": "WEB", "serverVersion": "9", "sessionId": 1,
                "parameters": [], "sessionInfo": session,
            },
        }  # fmt: skip

    def query(self, call: Call) -> dict[str, Any]:
        if call.headers.get("authorization") != 'Snowflake Token="snowflake-session"':
            raise Rejected("session")
        column = {"name": "U", "type": "text", "nullable": False, "length": 10, "byteLength": 40}
        return {
            "success": True, "code": None, "message": None,
            "data": {
                "parameters": [], "rowtype": [{**column, "precision": None, "scale": None}], "rowset": [["WEB"]],
                "total": 1, "returned": 1, "queryId": "q", "sqlState": "00000", "statementTypeId": 4096, "version": 1,
                "queryResultFormat": "json", "finalRoleName": "PUBLIC", "numberOfBinds": 0, "arrayBindSupported": False,
            },
        }  # fmt: skip

    def databricks(self, call: Call) -> dict[str, Any]:
        values = call.values
        expected = {"grant_type": EXCHANGE, "subject_token_type": JWT_TYPE, "client_id": CLIENT, "scope": "all-apis"}
        if not expected.items() <= values.items():
            raise Rejected("invalid_client")
        call.claims = self.verified("databricks", values["subject_token"], ACCOUNT, ["RS256", "ES256"])
        return {"access_token": "dbx-access", "token_type": "Bearer", "expires_in": 3600}


TENANT = "6f1e2d3c-0000-4000-8000-0123456789ab"
CLIENT = "3f8a1c22-0000-4000-8000-0123456789ab"
ACCOUNT = "0d2f6a3e-0000-4000-8000-0123456789ab"
SERVICE_ACCOUNT = "web@my-project-123.iam.gserviceaccount.com"
