"""A request that the fault proxy has seen, and the rule by which it is answered with a fault."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import aws_signature
from aws_faults import Fault


@dataclass
class Request:
    """A request that was seen, and how it was answered: `status` is 0 where it was not."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    at: float = field(default_factory=time.monotonic)
    status: int = 0
    is_fault: bool = False

    @property
    def region(self) -> str:
        """The region that it is signed for."""
        signed = aws_signature.Signed.parse(self.headers.get("authorization", ""))
        return signed.region if signed else ""


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    content: bytes


@dataclass
class Rule:
    """Answers the next `count` requests that fit by a fault; every one where `count` is None."""

    fault: Fault
    method: str = ".*"
    path: str = ".*"
    count: int | None = None
    when: Callable[[Request], bool] | None = None
    hits: int = 0

    def fits(self, request: Request) -> bool:
        return (
            self.count != self.hits
            and re.fullmatch(self.method, request.method) is not None
            and re.fullmatch(self.path, request.path) is not None
            and (self.when is None or self.when(request))
        )
