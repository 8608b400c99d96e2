"""Searches all that the programs write or answer for the secrets of a test run.

The peers record secrets as they make or meet them (tokens, private keys), and channels as they read them. A channel is a
kind of output with its texts: logs, audit lines, output of commands, metrics, readiness, termination messages, answers
without a token. Key stores, token files and fixtures are no channels. ``Tests/conftest.py`` searches when the run ends.
"""

import base64
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

PIECE = 16
"""Any piece of a secret of twice this length is found, wherever it begins."""
WORDS = re.compile(r"[A-Za-z0-9+/_=-]{%d,}" % PIECE)
JWT = re.compile(r"eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}")
PRIVATE_KEY = re.compile(r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----\s*(?:\\n)?[A-Za-z0-9+/]{16}")


@dataclass(frozen=True)
class Leak:
    """A secret in a channel. Its description has no part of the secret."""

    channel: str
    secret: str
    source: str

    def __str__(self) -> str:
        return f"{self.channel} ({self.source}) contains {self.secret}"


@dataclass
class SecretScan:
    pieces: dict[str, str] = field(default_factory=dict)
    """Each piece of a secret, and what the secret is."""
    texts: dict[str, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))
    """For each channel its texts, each with its source."""
    files: dict[str, set[Path]] = field(default_factory=lambda: defaultdict(set))
    key_folders: set[Path] = field(default_factory=set)

    # Secrets.

    def secret(self, text: str, what: str) -> None:
        """Records a secret of at least 32 characters."""
        for begin in range(0, len(text) - PIECE + 1, PIECE):
            self.pieces[text[begin : begin + PIECE]] = what

    def token(self, token: str) -> None:
        """Records a JWT: its payload and its signature. Its header is the same in every token."""
        parts = token.split(".")
        if len(parts) == 3:
            self.secret(parts[1], "the payload of a token")
            self.secret(parts[2], "the signature of a token")

    def private_key(self, pem: str) -> None:
        """Records the numbers that only the private key has, in hexadecimal and in each alignment of base64. A malformed
        key has none."""
        try:
            key = serialization.load_pem_private_key(pem.encode(), None)
        except ValueError:
            return
        if isinstance(key, rsa.RSAPrivateKey):
            numbers = key.private_numbers()
            secret = [numbers.d, numbers.p, numbers.q]
        else:
            assert isinstance(key, ec.EllipticCurvePrivateKey)
            secret = [key.private_numbers().private_value]
        for number in secret:
            content = number.to_bytes((number.bit_length() + 7) // 8, "big")
            self.secret(content.hex(), "a private key")
            self.secret(content.hex().upper(), "a private key")
            for begin in range(3):
                whole = content[begin : begin + (len(content) - begin) // 3 * 3]
                for encode in [base64.b64encode, base64.urlsafe_b64encode]:
                    self.secret(encode(whole).decode(), "a private key")

    def key_folder(self, folder: Path) -> None:
        """Records the keys of a key directory, now and when the run ends."""
        self.key_folders.add(folder)
        for file in folder.glob("*.json"):
            try:
                document = json.loads(file.read_text())
            except (OSError, ValueError):
                continue
            for pem in strings(document):
                if PRIVATE_KEY.search(pem):
                    self.private_key(pem)

    # Channels.

    def text(self, channel: str, text: str, source: str) -> None:
        if text:
            self.texts[channel].append((source, text))

    def file(self, channel: str, file: Path) -> None:
        """Records a file that is read when the run ends."""
        self.files[channel].add(file)

    def answer(self, body: bytes) -> None:
        """Records an answer of the token listener: its token as a secret, or its text as a channel."""
        text = body.decode(errors="replace")
        issued = JWT.findall(text)
        for token in issued:
            self.token(token)
        if not issued:
            self.text("answers", text, "token listener")

    # The search.

    def leaks(self) -> list[Leak]:
        for folder in self.key_folders:
            self.key_folder(folder)
        return sorted(set(self._leaks()), key=str)

    def _leaks(self) -> Iterator[Leak]:
        for channel, source, text in self.contents():
            for pattern, secret in [(JWT, "a token"), (PRIVATE_KEY, "a private key")]:
                if pattern.search(text):
                    yield Leak(channel, secret, source)
            for word in set(WORDS.findall(text)):
                for begin in range(len(word) - PIECE + 1):
                    if secret := self.pieces.get(word[begin : begin + PIECE]):
                        yield Leak(channel, secret, source)
                        break

    @property
    def summary(self) -> str:
        """What was searched."""
        counts: dict[str, int] = defaultdict(int)
        size = 0
        for channel, _, text in self.contents():
            counts[channel] += 1
            size += len(text)
        listed = ", ".join(f"{channel} ({count})" for channel, count in sorted(counts.items()))
        return f"searched for secrets: {size >> 10} KiB, {len(set(self.pieces))} pieces; {listed or 'nothing'}"

    def contents(self) -> Iterator[tuple[str, str, str]]:
        """Channel, source and text of everything recorded."""
        for channel, texts in self.texts.items():
            for source, text in texts:
                yield channel, source, text
        for channel, files in self.files.items():
            for file in files:
                if file.is_file():
                    yield channel, file.name, file.read_text(errors="replace")


def strings(value: object) -> Iterator[str]:
    """Every string of a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for member in value.values():
            yield from strings(member)
    elif isinstance(value, list):
        for element in value:
            yield from strings(element)


RUN = SecretScan()
"""The secrets and channels of this test run."""
