"""The decision on an AssumeRoleWithWebIdentity call, from moto's IAM and the issuer's documents.

Providers and roles are those of the role's account in moto; partition `aws` only.
Sources: AWS STS API Reference, "AssumeRoleWithWebIdentity" (parameters and their limits, as in botocore's model of the
service); IAM User Guide, "Create an OpenID Connect (OIDC) identity provider in IAM" (provider URL, client ids) and
"Available keys for AWS OIDC federation" (condition keys).
"""

import re
import time
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

import sts_error
import trust_policy
from issuer_documents import IssuerDocuments
from moto_account import account_client
from sts_error import STSError, validation_error
from web_identity_token import WebIdentityToken

ROLE_ARN = re.compile(
    r"arn:aws:iam::(?P<account>[0-9]{12}):role/(?:[\x21-\x7e]*/)?(?P<name>[\w+=,.@-]{1,64})", re.ASCII
)
ROLE_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
MAXIMUM_TOKEN = 20_000


@dataclass(frozen=True)
class AssumeRoleRequest:
    """The parameters of an AssumeRoleWithWebIdentity call that the decision needs."""

    account: str
    role_arn: str
    role_name: str
    session_name: str
    token: str
    duration: int

    @classmethod
    def parse(cls, parameters: dict[str, str]) -> "AssumeRoleRequest":
        for name in ("RoleArn", "RoleSessionName", "WebIdentityToken"):
            if not parameters.get(name):
                raise validation_error(f"1 validation error detected: Value at '{name}' must not be null")
        role = ROLE_ARN.fullmatch(parameters["RoleArn"])
        if not role:
            raise validation_error("Request ARN is invalid")
        if not ROLE_SESSION_NAME.fullmatch(parameters["RoleSessionName"]):
            raise validation_error("Value at 'roleSessionName' must satisfy [\\w+=,.@-]{2,64}")
        if not 4 <= len(parameters["WebIdentityToken"]) <= MAXIMUM_TOKEN:
            raise validation_error(f"Value at 'webIdentityToken' must have 4 to {MAXIMUM_TOKEN} characters")
        duration = parameters.get("DurationSeconds", "3600")
        if not re.fullmatch(r"[0-9]{1,5}", duration) or not 900 <= int(duration) <= 43_200:
            raise validation_error("Value at 'durationSeconds' must be between 900 and 43200")
        return cls(
            account=role["account"],
            role_arn=parameters["RoleArn"],
            role_name=role["name"],
            session_name=parameters["RoleSessionName"],
            token=parameters["WebIdentityToken"],
            duration=int(duration),
        )


class WebIdentityDecision:
    """Decides AssumeRoleWithWebIdentity calls from moto's IAM and the issuers' documents."""

    def __init__(self, moto: str, issuers: IssuerDocuments) -> None:
        self._moto = moto
        self._issuers = issuers

    def decide(self, request: AssumeRoleRequest, token: WebIdentityToken) -> None:
        """Returns if AWS would return credentials, else raises its error."""
        provider_arn, client_ids = self._provider(request.account, token.issuer)
        token.verify(self._issuers.key(token.issuer, token.key_id, token.algorithm))
        token.check_times(int(time.time()))
        if not set(token.audiences) & set(client_ids):
            raise sts_error.invalid_identity_token("Incorrect token audience", "no aud of the token is a client id")
        role = self._role(request)
        provider = provider_arn.split(":oidc-provider/", 1)[1].lower()
        context = {
            f"{provider}:aud": token.audiences,
            f"{provider}:sub": (token.subject,),
            f"{provider}:amr": token.methods,
            "aws:federatedprovider": (provider_arn,),
            "sts:rolesessionname": (request.session_name,),
        }
        refusal = trust_policy.refusal(role["AssumeRolePolicyDocument"], provider_arn, context)
        if refusal:
            raise sts_error.access_denied(refusal)
        if request.duration > role.get("MaxSessionDuration", 3600):
            raise validation_error("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")

    def _provider(self, account: str, issuer: str) -> tuple[str, list[str]]:
        """The ARN and client IDs of the account's provider whose URL is exactly `issuer`."""
        arn = f"arn:aws:iam::{account}:oidc-provider/{issuer.removeprefix('https://')}"
        unknown = sts_error.invalid_identity_token(
            f"No OpenIDConnect provider found in your account for {issuer}", f"account {account} has no such provider"
        )
        if not issuer.startswith("https://") or not re.fullmatch(r"[\x21-\x7e]{1,255}", issuer):
            raise unknown
        iam = account_client(self._moto, account, "iam")
        try:
            provider = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
        except ClientError as error:
            raise _unless_missing(error, unknown) from None
        if "https://" + provider["Url"].removeprefix("https://") != issuer:
            raise unknown
        return arn, provider["ClientIDList"]

    def _role(self, request: AssumeRoleRequest) -> dict[str, Any]:
        missing = sts_error.access_denied("the account has no such role")
        try:
            role = account_client(self._moto, request.account, "iam").get_role(RoleName=request.role_name)["Role"]
        except ClientError as error:
            raise _unless_missing(error, missing) from None
        if role["Arn"] != request.role_arn:
            raise missing
        return role


def _unless_missing(error: ClientError, missing: STSError) -> STSError:
    if error.response["Error"]["Code"] == "NoSuchEntity":
        return missing
    return STSError("ServiceUnavailable", "IAM cannot be read", 503, str(error))
