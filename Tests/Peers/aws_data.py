#!/usr/bin/env python3
"""Creates a bucket with one object in one account of moto, and a policy that allows to read it. Prints the policy's ARN.

Sources: S3 API Reference, "CreateBucket", "PutObject"; IAM API Reference, "CreatePolicy".

    aws_data.py --moto http://127.0.0.1:5000 --account 111111111111 --bucket demo-111111111111
"""

import argparse
import json

from moto_account import account_client

OBJECT = "hello.txt"


def set_up(moto: str, account: str, bucket: str) -> str:
    """Creates the bucket, its object and the policy; returns the policy's ARN."""
    s3 = account_client(moto, account, "s3")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key=OBJECT, Body=f"hello from account {account}\n".encode())
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return account_client(moto, account, "iam").create_policy(
        PolicyName=f"read-{bucket}", PolicyDocument=document
    )["Policy"]["Arn"]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description="Creates a bucket and a policy in one account of moto.")
    parser.add_argument("--moto", required=True, metavar="URL")
    parser.add_argument("--account", required=True, help="12 digits")
    parser.add_argument("--bucket", required=True)
    options = parser.parse_args()
    print(set_up(options.moto, options.account, options.bucket))


if __name__ == "__main__":
    main()
