#!/usr/bin/env python3
"""A proxy in front of moto for administrators, with rules of AWS that moto lacks.

Moto drops parts of a distribution's configuration, ignores the value of If-Match, and deletes enabled distributions. Here
the configuration stays as it was written; a change or a deletion needs the current ETag; a distribution is deleted only
after it was disabled and that is deployed; an origin access control only if no distribution uses it; a bucket only without
versions and delete markers. New roles, OIDC providers and origin access controls are invisible for the next `hides` reads.
Sources: CloudFront API Reference, "UpdateDistribution", "DeleteDistribution", "DeleteOriginAccessControl"; S3 API Reference,
"DeleteBucket"; IAM User Guide, "Changes that I make are not always immediately visible".

    administrator_proxy.py --upstream http://127.0.0.1:5000 --account 111111111111
"""

import argparse
import contextlib
import re
from urllib.parse import parse_qs, urlsplit

import aws_signature
from fault_proxy import FaultProxy
from fault_rule import Answer, Request
from moto_account import account_client

CONFIGURATION = re.compile(rb"<DistributionConfig[ >].*</DistributionConfig>", re.DOTALL)
RESOURCE = re.compile(r"/2020-05-31/(distribution|origin-access-control)/([A-Z0-9]+)(/config)?")
CONTROLS = "/2020-05-31/origin-access-control"


def error(status: int, code: str) -> Answer:
    document = f"<ErrorResponse><Error><Code>{code}</Code><Message>of the proxy</Message></Error></ErrorResponse>"
    return Answer(status, {"Content-Type": "text/xml"}, document.encode())


class AdministratorProxy(FaultProxy):
    """The server. `hides` and `deployments` are numbers of reads."""

    def __init__(self, upstream: str, account: str, port: int = 0) -> None:
        super().__init__(upstream, account, port=port)
        self.moto = upstream
        self.hides = self.deployments = 0
        self.hidden: dict[str, int] = {}
        self.hidden_reads = 0
        self.versions: dict[str, int] = {}
        self.configurations: dict[str, bytes] = {}
        self.deploying: dict[str, int] = {}
        self.accounts: dict[str, str] = {}
        """The accounts of access keys that are not of the proxy's account. Moto knows those of temporary keys."""

    def account_of(self, request: Request) -> str | None:
        signed = aws_signature.Signed.parse(request.headers.get("authorization", ""))
        if signed is not None and signed.key.startswith("ASIA"):
            return None
        return self.accounts.get(signed.key if signed else "", self.account)

    def _forward(self, request: Request) -> Answer:
        path = urlsplit(request.path).path
        if path == "/":
            return self._iam(request)
        if path.startswith("/2020-05-31/"):
            return self._cloudfront(request, path)
        if request.method == "DELETE" and path.count("/") == 1 and "?" not in request.path:
            listed = account_client(self.moto, self.account or "", "s3").list_object_versions(Bucket=path[1:])
            if listed.get("Versions") or listed.get("DeleteMarkers"):
                return error(409, "BucketNotEmpty")
        return super()._forward(request)

    def _is_hidden(self, name: str) -> bool:
        if self.hidden.get(name, 0) <= 0:
            return False
        self.hidden[name] -= 1
        self.hidden_reads += 1
        return True

    def _iam(self, request: Request) -> Answer:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        action = form.get("Action", "")
        name = form.get("RoleName") or form.get("OpenIDConnectProviderArn") or form.get("Url", "")
        name = name.removeprefix("https://").rpartition("oidc-provider/")[2]
        if action not in ("CreateRole", "CreateOpenIDConnectProvider"):
            return error(404, "NoSuchEntity") if self._is_hidden(name) else super()._forward(request)
        answer = super()._forward(request)
        if answer.status == 200:
            self.hidden[name] = self.hides
        return answer

    def _cloudfront(self, request: Request, path: str) -> Answer:
        if request.method == "POST" and path in (CONTROLS, "/2020-05-31/distribution"):
            return self._create(request, path)
        if request.method == "GET" and path == CONTROLS:
            answer = super()._forward(request)
            for name in list(self.hidden):
                one = rb"<OriginAccessControlSummary>(?:(?!</OriginAccessControlSummary>).)*<Id>" + name.encode() + rb"</Id>"
                pattern = re.compile(one + rb".*?</OriginAccessControlSummary>", re.DOTALL)
                if pattern.search(answer.content) and self._is_hidden(name):
                    answer.content = pattern.sub(b"", answer.content)
            return answer
        found = RESOURCE.fullmatch(path)
        return self._existing(request, found[1], found[2]) if found else super()._forward(request)

    def _create(self, request: Request, path: str) -> Answer:
        answer = super()._forward(request)
        identity = re.search(rb"<Id>([A-Z0-9]+)</Id>", answer.content)
        if answer.status == 201 and identity:
            name = identity[1].decode()
            self.versions[name] = 1
            if path == CONTROLS:
                self.hidden[name] = self.hides
            else:
                self._deploy(name, request)
        return answer

    def _deploy(self, name: str, request: Request) -> None:
        written = CONFIGURATION.search(request.body)
        assert written is not None, "a request has a configuration"
        self.configurations[name] = re.sub(rb"<DistributionConfig[^>]*>", b"<DistributionConfig>", written[0])
        self.deploying[name] = self.deployments

    def _existing(self, request: Request, kind: str, name: str) -> Answer:
        is_distribution = kind == "distribution"
        absent = error(404, "NoSuchDistribution" if is_distribution else "NoSuchOriginAccessControl")
        if name not in self.versions:
            return super()._forward(request)
        if request.method == "GET" and self._is_hidden(name):
            return absent
        if request.method != "GET" and request.headers.get("if-match") != f"E{self.versions[name]}":
            return error(412, "PreconditionFailed")
        if request.method == "DELETE":
            return self._delete(request, name, is_distribution)
        if request.method == "PUT":
            self.versions[name] += 1
            if is_distribution:
                self._deploy(name, request)
        answer = super()._forward(request)
        content = answer.content
        if is_distribution and answer.status == 200:
            content = CONFIGURATION.sub(lambda _: self.configurations[name], content)
            if self.deploying[name] > 0:
                self.deploying[name] -= 1
                content = re.sub(rb"<Status>[^<]*</Status>", b"<Status>InProgress</Status>", content)
            else:
                content = re.sub(rb"<Status>[^<]*</Status>", b"<Status>Deployed</Status>", content)
        return Answer(answer.status, {**answer.headers, "ETag": f"E{self.versions[name]}"}, content)

    def _delete(self, request: Request, name: str, is_distribution: bool) -> Answer:
        if is_distribution:
            if b"<Enabled>false</Enabled>" not in self.configurations[name] or self.deploying[name] > 0:
                return error(409, "DistributionNotDisabled")
        elif any(name.encode() in configuration for configuration in self.configurations.values()):
            return error(409, "OriginAccessControlInUse")
        answer = super()._forward(request)
        if answer.status == 204:
            del self.versions[name]
            self.configurations.pop(name, None)
        return answer


def main() -> None:
    parser = argparse.ArgumentParser(description="A proxy in front of moto with rules of AWS that moto lacks.")
    parser.add_argument("--upstream", required=True, metavar="URL")
    parser.add_argument("--account", required=True, metavar="12 DIGITS")
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    with AdministratorProxy(options.upstream, options.account, port=options.port) as proxy:
        print(proxy.url, flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            proxy.serve_forever()


if __name__ == "__main__":
    main()
