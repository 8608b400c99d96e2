"""States of CloudFront invalidations that moto lacks: in progress at first, and one invalidation per caller reference.

Sources: CloudFront API Reference 2020-05-31, "InvalidationBatch" (CallerReference) and "Invalidation" (Status).
"""

import re
from collections.abc import Callable

from aws_faults import cloudfront_document
from fault_rule import Answer, Request


class Invalidations:
    """The invalidations of one proxy. Not thread-safe."""

    PATH = re.compile(r"/2020-05-31/distribution/(?P<distribution>[^/]+)/invalidation(?:/(?P<id>[^/]+))?")

    def __init__(self) -> None:
        self.looks = 0
        """The number of status requests that find an invalidation in progress."""
        self._asked: dict[tuple[str, bytes], tuple[bytes, str]] = {}
        self._looked: dict[str, int] = {}

    def answer(self, request: Request, forward: Callable[[Request], Answer]) -> Answer:
        """The response of moto with the status of CloudFront."""
        path = self.PATH.fullmatch(request.path)
        reference = re.search(rb"<CallerReference>(.*?)</CallerReference>", request.body)
        key = (path["distribution"] if path else "", reference[1] if reference else b"")
        body, known = self._asked.get(key, (b"", ""))
        if known and body != request.body:
            return Answer(400, *cloudfront_document("InvalidationBatchAlreadyExists", "The batch exists already"))
        if known:
            answer = forward(Request("GET", f"{request.path}/{known}", request.headers, b""))
            answer.status = 201 if answer.status == 200 else answer.status
        else:
            answer = forward(request)
        found = re.search(rb"<Id>([^<]+)</Id>", answer.content)
        name = found[1].decode() if found else ""
        if answer.status == 201 and name and reference and not known:
            self._asked[key] = (request.body, name)
        is_look = request.method == "GET"
        self._looked[name] = self._looked.get(name, 0) + is_look
        status = b"Completed" if is_look and self._looked[name] > self.looks else b"InProgress"
        answer.content = answer.content.replace(b"<Status>COMPLETED</Status>", b"<Status>%s</Status>" % status)
        return answer
