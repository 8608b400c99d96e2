"""An OIDC provider and roles in one AWS account of moto, for tests of the peers themselves.

A second call brings them up to date. The trust policy binds `aud` and `sub`.
Sources: IAM API Reference, "CreateOpenIDConnectProvider", "CreateRole"; IAM User Guide, "Create a role for OpenID Connect
federation".
"""

import json
from typing import Any

from moto_account import account_client

POLICY_VERSION = "2012-10-17"


def set_up(moto: str, account: str, issuer: str, audiences: list[str], subject: str, role: str) -> str:
    """Sets up the account to trust `issuer` (host and path, no scheme); returns the ARN of `role`."""
    iam = account_client(moto, account, "iam")
    provider = put_provider(iam, account, issuer, audiences)
    trust = {
        "Version": POLICY_VERSION,
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Federated": provider},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {"StringEquals": {f"{issuer}:aud": audiences, f"{issuer}:sub": subject}},
            }
        ],
    }
    return put_role(iam, role, trust)


def put_provider(iam: Any, account: str, issuer: str, audiences: list[str]) -> str:
    """Creates the OIDC provider, or sets its audiences; returns its ARN."""
    arn = f"arn:aws:iam::{account}:oidc-provider/{issuer}"
    known = [provider["Arn"] for provider in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]]
    if arn in known:
        found = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)["ClientIDList"]
        for audience in set(audiences) - set(found):
            iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID=audience)
        for audience in set(found) - set(audiences):
            iam.remove_client_id_from_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID=audience)
        return arn
    iam.create_open_id_connect_provider(Url=f"https://{issuer}", ClientIDList=audiences)
    return arn


def put_role(iam: Any, name: str, trust: dict[str, Any]) -> str:
    """Creates the role or replaces its trust policy; returns its ARN."""
    document = json.dumps(trust)
    try:
        return iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    except iam.exceptions.EntityAlreadyExistsException:
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=document)
        return iam.get_role(RoleName=name)["Role"]["Arn"]
