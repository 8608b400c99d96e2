#!/usr/bin/env python3
"""Sets up one AWS account in moto: OIDC provider, role, inline policy, bucket. Prints the role's ARN.

Calling it again brings provider, trust policy and inline policy up to date. The trust policy binds `aud` and `sub`.
Sources: IAM API Reference, "CreateOpenIDConnectProvider", "CreateRole", "PutRolePolicy"; IAM User Guide, "Create a role
for OpenID Connect federation".

    aws_accounts.py --moto http://127.0.0.1:5000 --account 111111111111 --issuer d1.cloudfront.example \
        --audience sts.amazonaws.com --subject demo:default:web --role demo
"""

import argparse
import json
from typing import Any

from moto_account import account_client

POLICY_VERSION = "2012-10-17"
OBJECT = "hello.txt"


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
    arn = put_role(iam, role, trust)
    bucket = bucket_name(account)
    permissions = {
        "Version": POLICY_VERSION,
        "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}],
    }
    iam.put_role_policy(RoleName=role, PolicyName="read-demo-bucket", PolicyDocument=json.dumps(permissions))
    s3 = account_client(moto, account, "s3")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key=OBJECT, Body=f"hello from account {account}\n".encode())
    return arn


def bucket_name(account: str) -> str:
    return f"demo-{account}"


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


def main() -> None:
    parser = argparse.ArgumentParser(description="Sets up one AWS account in moto and prints the role's ARN.")
    parser.add_argument("--moto", required=True, metavar="URL")
    parser.add_argument("--account", required=True, help="12 digits")
    parser.add_argument("--issuer", required=True, metavar="HOST[/PATH]")
    parser.add_argument("--audience", action="append", required=True)
    parser.add_argument("--subject", required=True)
    parser.add_argument("--role", required=True)
    options = parser.parse_args()
    print(set_up(options.moto, options.account, options.issuer, options.audience, options.subject, options.role))


if __name__ == "__main__":
    main()
