#!/usr/bin/env python3
"""A temporary cluster identity: the key that signs ServiceAccount tokens, and tokens as Kubernetes signs them.

Sources: Kubernetes documentation, "Managing Service Accounts" (section Schema for service account private claims) and
"ServiceAccount token volume projection"; pkg/serviceaccount/claims.go in the Kubernetes sources; RFC 7517 (JWKS), RFC
7638 (kid), RFC 7519 (claims). As in Kubernetes, the header has `alg` and `kid` only and `aud` is always an array.

    cluster_identity.py init DIR --issuer https://kubernetes.default.svc.cluster.local
    cluster_identity.py token DIR --namespace default --serviceaccount web --pod web-0 --node node-1 --audience A
"""

import argparse
import json
import time
import uuid
from pathlib import Path
from typing import Any

from joserfc import jwk, jws

import secret_scan
from private_file import write_private

ISSUER = "https://kubernetes.default.svc.cluster.local"
KEY, JWKS, ISSUER_FILE = "signing-key.pem", "jwks.json", "issuer"


def init(directory: Path, issuer: str = ISSUER) -> None:
    """Writes a new RSA-2048 key (0600), its public JWKS, and the issuer."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = jwk.RSAKey.generate_key(2048)
    write_private(directory / KEY, key.as_pem(private=True))
    public = key.as_dict(private=False, use="sig", alg="RS256", kid=key.thumbprint())
    (directory / JWKS).write_text(json.dumps({"keys": [public]}, indent=2) + "\n")
    (directory / ISSUER_FILE).write_text(issuer + "\n")


def reference(kind: str, name: str, namespace: str = "") -> dict[str, str]:
    """The name of an object and a uid that depends only on the name."""
    return {"name": name, "uid": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{kind}/{namespace}/{name}"))}


def claims(options: argparse.Namespace, issuer: str, now: int) -> dict[str, Any]:
    """The claims of a bound token; without a Pod, those of an unbound token."""
    namespace = options.namespace
    bound: dict[str, Any] = {"namespace": namespace}
    if options.pod:
        if options.node:
            bound["node"] = reference("node", options.node)
        bound["pod"] = reference("pod", options.pod, namespace)
    bound["serviceaccount"] = reference("serviceaccount", options.serviceaccount, namespace)
    return {
        "aud": options.audience,
        "exp": now + options.ttl,
        "iat": now,
        "iss": issuer,
        "jti": str(uuid.uuid4()),
        "kubernetes.io": bound,
        "nbf": now + options.not_before,
        "sub": f"system:serviceaccount:{namespace}:{options.serviceaccount}",
    }


def token(directory: Path, options: argparse.Namespace) -> str:
    """A signed token for `options` from the identity in `directory`."""
    key = jwk.RSAKey.import_key((directory / KEY).read_bytes())
    issuer = (directory / ISSUER_FILE).read_text().strip()
    payload = json.dumps(claims(options, issuer, int(time.time())), separators=(",", ":"))
    made = jws.serialize_compact({"alg": "RS256", "kid": key.thumbprint()}, payload, key)
    secret_scan.RUN.token(made)
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description="A temporary cluster identity for ServiceAccount tokens.")
    commands = parser.add_subparsers(dest="command", required=True)
    make = commands.add_parser("init", help="write a new signing key, jwks.json and issuer")
    make.add_argument("directory", type=Path)
    make.add_argument("--issuer", default=ISSUER)
    mint = commands.add_parser("token", help="print a ServiceAccount token")
    mint.add_argument("directory", type=Path)
    mint.add_argument("--namespace", required=True)
    mint.add_argument("--serviceaccount", required=True)
    mint.add_argument("--pod", help="without it the token is not bound to a Pod")
    mint.add_argument("--node")
    mint.add_argument("--audience", action="append", required=True)
    mint.add_argument("--ttl", type=int, default=3600, metavar="SECONDS", help="lifetime; below zero: already expired")
    mint.add_argument("--not-before", type=int, default=0, metavar="SECONDS", help="nbf, relative to now")
    mint.add_argument("--out", type=Path, metavar="FILE", help="write the token to this file with mode 0600")
    options = parser.parse_args()
    if options.command == "init":
        init(options.directory, options.issuer)
    elif options.out:
        write_private(options.out, token(options.directory, options).encode())
    else:
        print(token(options.directory, options))


if __name__ == "__main__":
    main()
