"""A proxy in front of moto for administrators, with rules of CloudFront that moto lacks.

Moto drops parts of a distribution's configuration, such as the origin access control, and ignores If-Match. Here the
configuration stays as it was written, and an update needs the current ETag. Source: CloudFront API Reference,
UpdateDistribution.
"""

import re
from urllib.parse import urlsplit

from fault_proxy import FaultProxy
from fault_rule import Answer, Request

CONFIGURATION = re.compile(rb"<DistributionConfig[ >].*</DistributionConfig>", re.DOTALL)
PATH = re.compile(r"/2020-05-31/distribution/([A-Z0-9]+)(/config)?")


class AdministratorProxy(FaultProxy):
    """The server. `versions` has the configuration of each distribution, and how often it was written."""

    def __init__(self, upstream: str, account: str) -> None:
        super().__init__(upstream, account)
        self.versions: dict[str, tuple[bytes, int]] = {}

    def _forward(self, request: Request) -> Answer:
        path = urlsplit(request.path).path
        if request.method == "POST" and path == "/2020-05-31/distribution":
            answer = super()._forward(request)
            identity = re.search(rb"<Id>([A-Z0-9]+)</Id>", answer.content)
            configuration = CONFIGURATION.search(request.body)
            if answer.status == 201 and identity and configuration:
                self.versions[identity[1].decode()] = configuration[0], 1
            return answer
        found = PATH.fullmatch(path)
        if not found or found[1] not in self.versions:
            return super()._forward(request)
        configuration, version = self.versions[found[1]]
        if request.method == "PUT":
            if request.headers.get("if-match") != f"E{version}":
                error = b"<ErrorResponse><Error><Code>PreconditionFailed</Code></Error></ErrorResponse>"
                return Answer(412, {"Content-Type": "text/xml"}, error)
            written = CONFIGURATION.search(request.body)
            assert written is not None, "an update has a configuration"
            plain = re.sub(rb"<DistributionConfig[^>]*>", b"<DistributionConfig>", written[0])
            version += 1
            self.versions[found[1]] = configuration, _ = plain, version
        answer = super()._forward(request)
        content = CONFIGURATION.sub(lambda _: configuration, answer.content)
        return Answer(answer.status, {**answer.headers, "ETag": f"E{version}"}, content)
