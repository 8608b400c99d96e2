"""A request of the fault proxy, and a rule for a fault."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import aws_signature
from aws_faults import Fault


@dataclass
class Request:
    """A request and its status: 0 without a response."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    at: float = field(default_factory=time.monotonic)
    status: int = 0
    is_fault: bool = False

    @property
    def region(self) -> str:
        """The region of the signature."""
        signed = aws_signature.Signed.parse(self.headers.get("authorization", ""))
        return signed.region if signed else ""


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    content: bytes


@dataclass
class Rule:
    """Makes the next `count` matching requests fail; all of them if `count` is None."""

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
