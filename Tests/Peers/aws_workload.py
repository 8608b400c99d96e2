#!/usr/bin/env python3
"""A workload in a Pod: boto3 with only the environment that the gateway's webhook injects.

boto3's own web identity provider reads AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN and calls
AssumeRoleWithWebIdentity. Prints the identity and an object; exits with 3 and the error's code if STS rejects the token.
Sources: boto3 documentation, "Credentials" (section Assume role with web identity provider); AWS SDKs and Tools
Reference Guide, "Service-specific endpoints" (AWS_ENDPOINT_URL_<SERVICE>).

    aws_workload.py [BUCKET KEY]
"""

import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

REFUSED = 3


def main(arguments: list[str]) -> int:
    session = boto3.Session()
    try:
        identity = session.client("sts").get_caller_identity()
    except ClientError as error:
        print(f"refused: {error.response['Error']['Code']}: {error.response['Error']['Message']}")
        return REFUSED
    print(f"credentials by: {session.get_credentials().method}")
    print(f"account:        {identity['Account']}")
    print(f"identity:       {identity['Arn']}")
    if arguments:
        bucket, key = arguments
        s3 = session.client("s3", config=Config(s3={"addressing_style": "path"}))
        content = s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode().strip()
        print(f"s3://{bucket}/{key}: {content}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
