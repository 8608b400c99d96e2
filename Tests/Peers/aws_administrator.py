#!/usr/bin/env python3
"""Creates an administrator with an access key in one account of moto. Prints the environment variables of its credentials.

Source: IAM API Reference, "CreateUser", "CreateAccessKey"; AWS SDKs and Tools Reference Guide, "Environment variables".

    aws_administrator.py --moto http://127.0.0.1:5000 --account 111111111111
"""

import argparse

from moto_account import account_client

USER = "administrator"


def set_up(moto: str, account: str) -> dict[str, str]:
    """Creates the user if it is missing, and an access key; returns its environment variables."""
    iam = account_client(moto, account, "iam")
    if USER not in [user["UserName"] for user in iam.list_users()["Users"]]:
        iam.create_user(UserName=USER)
    key = iam.create_access_key(UserName=USER)["AccessKey"]
    return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}


def main() -> None:
    parser = argparse.ArgumentParser(description="Creates an administrator in one account of moto.")
    parser.add_argument("--moto", required=True, metavar="URL")
    parser.add_argument("--account", required=True, metavar="12 DIGITS")
    options = parser.parse_args()
    for name, value in set_up(options.moto, options.account).items():
        print(f"export {name}={value}")


if __name__ == "__main__":
    main()
