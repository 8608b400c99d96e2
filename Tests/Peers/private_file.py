"""Writes files with secrets, which only their owner can read from the first byte on."""

import os
from pathlib import Path


def write_private(path: Path, content: bytes) -> None:
    """Replaces `path` by a new file of mode 0600."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
