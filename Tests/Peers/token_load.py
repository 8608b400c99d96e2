"""Tokens that several threads request and use while a test replaces keys."""

import base64
import json
import threading
from collections.abc import Callable
from typing import Any


def key_id(token: str) -> str:
    """The kid of a token."""
    part = token.split(".")[0]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))["kid"]


class TokenLoad:
    """Requests tokens and uses them until the end of the `with` block. No use may fail."""

    def __init__(self, token: Callable[[], str], use: Callable[[str], Any], threads: int = 4) -> None:
        """`use` raises an exception for a token that its verifier rejects."""
        self.kids: set[str] = set()
        """The kids of the tokens that were requested."""
        self._token, self._use = token, use
        self._failures: list[Exception] = []
        self._is_over = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(threads)]

    def _run(self) -> None:
        while not self._is_over.is_set():
            try:
                token = self._token()
                self.kids.add(key_id(token))
                self._use(token)
            except Exception as failure:  # noqa: BLE001: whatever it is, it must not happen
                self._failures.append(failure)

    def __enter__(self) -> "TokenLoad":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *more: object) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()
        if kind is None:
            assert self._failures == []
