#!/usr/bin/env python3
"""Sets up one AWS account in moto for publishing an issuer's documents. Prints the location and the role as JSON.

It creates a bucket without public access, a CloudFront distribution that may read it (origin access control), the OIDC
provider of the issuer, and the publisher role: its trust policy binds `aud` and the publisher's `sub`, its policy
allows only the two objects and the distribution's invalidations. Calling it again changes nothing, or
brings policies up to date. Sources: CloudFront Developer Guide, "Restrict access to an Amazon S3 origin"; IAM User
Guide, "Create a role for OpenID Connect federation".

    aws_publication.py --moto http://127.0.0.1:5000 --account 111111111111 --bucket issuer-one --region us-east-1 \
        --cluster demo --endpoint aws-one --role publisher
"""

import argparse
import json
from dataclasses import asdict, dataclass
from typing import Any

import aws_accounts
from moto_account import account_client

DOCUMENTS = (".well-known/openid-configuration", "certs")


@dataclass(frozen=True)
class Publication:
    """The location of an endpoint's documents: `domain` is the issuer's host, `role` the publisher role's ARN."""

    bucket: str
    region: str
    distribution: str
    domain: str
    role: str


def set_up(
    moto: str, account: str, bucket: str, region: str, cluster: str, endpoint: str, role: str,
    audiences: list[str], prefix: str = "", issuer_path: str = "",
) -> Publication:  # fmt: skip
    """Creates everything. `prefix` is the distribution's origin path without its first slash."""
    _put_bucket(account_client(moto, account, "s3"), bucket, region)
    distribution = _put_distribution(account_client(moto, account, "cloudfront"), bucket, region, prefix)
    identity, domain = distribution["Id"], distribution["DomainName"]
    _protect(account_client(moto, account, "s3"), bucket, f"arn:aws:cloudfront::{account}:distribution/{identity}")
    iam = account_client(moto, account, "iam")
    issuer = domain + issuer_path
    provider = aws_accounts.put_provider(iam, account, issuer, audiences)
    subject = f"sts-gateway:publisher:{cluster}:{endpoint}"
    conditions = {f"{issuer}:aud": audiences, f"{issuer}:sub": subject}
    arn = aws_accounts.put_role(
        iam, role,
        _policy({
            "Effect": "Allow", "Principal": {"Federated": provider}, "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": conditions},
        }),
    )  # fmt: skip
    below = "/".join(part.strip("/") for part in [prefix, issuer_path] if part)
    keys = [f"{below}/{name}" if below else name for name in DOCUMENTS]
    permissions = _policy(
        {
            "Effect": "Allow", "Action": ["s3:PutObject", "s3:GetObject"],
            "Resource": [f"arn:aws:s3:::{bucket}/{key}" for key in keys],
        },
        {
            "Effect": "Allow", "Action": ["cloudfront:CreateInvalidation", "cloudfront:GetInvalidation"],
            "Resource": f"arn:aws:cloudfront::{account}:distribution/{identity}",
        },
    )  # fmt: skip
    iam.put_role_policy(RoleName=role, PolicyName="publish", PolicyDocument=json.dumps(permissions))
    return Publication(bucket, region, identity, domain, arn)


def _policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": aws_accounts.POLICY_VERSION, "Statement": list(statements)}


def _put_bucket(s3: Any, bucket: str, region: str) -> None:
    if bucket in [known["Name"] for known in s3.list_buckets()["Buckets"]]:
        return
    # us-east-1 must not be given as a location constraint.
    place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=bucket, ObjectOwnership="BucketOwnerEnforced", **place)


def _protect(s3: Any, bucket: str, distribution: str) -> None:
    """Restricts the bucket to the distribution."""
    closed = dict.fromkeys(
        ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"], True
    )  # fmt: skip
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=closed)
    policy = _policy({
        "Effect": "Allow", "Principal": {"Service": "cloudfront.amazonaws.com"}, "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/*", "Condition": {"StringEquals": {"AWS:SourceArn": distribution}},
    })  # fmt: skip
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))


def _put_distribution(cloudfront: Any, bucket: str, region: str, prefix: str) -> dict[str, Any]:
    """The distribution of that bucket and prefix, created if it is missing."""
    name = f"sts-gateway {bucket}/{prefix}"
    for known in cloudfront.list_distributions()["DistributionList"].get("Items") or []:
        if known.get("Comment") == name:
            return known
    control = cloudfront.create_origin_access_control(
        OriginAccessControlConfig={
            "Name": name.replace(" ", "-").replace("/", "-"), "SigningProtocol": "sigv4", "SigningBehavior": "always",
            "OriginAccessControlOriginType": "s3",
        }
    )["OriginAccessControl"]  # fmt: skip
    origin = {
        "Id": "bucket", "DomainName": f"{bucket}.s3.{region}.amazonaws.com", "OriginAccessControlId": control["Id"],
        "OriginPath": f"/{prefix}" if prefix else "", "S3OriginConfig": {"OriginAccessIdentity": ""},
    }  # fmt: skip
    behaviour = {
        "TargetOriginId": "bucket", "ViewerProtocolPolicy": "https-only",
        # CachingOptimized: uses the object's Cache-Control.
        "CachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6",
    }  # fmt: skip
    return cloudfront.create_distribution(
        DistributionConfig={
            "CallerReference": name, "Comment": name, "Enabled": True, "Origins": {"Quantity": 1, "Items": [origin]},
            "DefaultCacheBehavior": behaviour,
        }
    )["Distribution"]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description="Sets up one AWS account in moto for publishing.")
    for name, shown in [("moto", "URL"), ("account", "12 DIGITS"), ("bucket", "NAME"), ("cluster", "NAME"),
                        ("endpoint", "NAME"), ("role", "NAME")]:  # fmt: skip
        parser.add_argument(f"--{name}", required=True, metavar=shown)
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--audience", action="append", default=[], help="by default sts.amazonaws.com")
    parser.add_argument("--prefix", default="", help="the distribution's origin path, without its first slash")
    parser.add_argument("--issuer-path", default="", help="the issuer's path, with its first slash")
    options = parser.parse_args()
    made = set_up(
        options.moto, options.account, options.bucket, options.region, options.cluster, options.endpoint, options.role,
        options.audience or ["sts.amazonaws.com"], options.prefix, options.issuer_path,
    )  # fmt: skip
    print(json.dumps(asdict(made)))


if __name__ == "__main__":
    main()
