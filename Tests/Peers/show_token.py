#!/usr/bin/env python3
"""Shows the header and the claims of a token without its signature.

Reads a JWT, or the response of a token exchange (RFC 8693 section 2.2.1), whose `access_token` it can save. The
signature is not checked. Sources: RFC 7515 section 3 (compact serialization), RFC 7519 section 3.

    show_token.py FILE [--save TOKENFILE]
"""

import argparse
import base64
import json
from pathlib import Path
from typing import Any

from private_file import write_private


def decode(part: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def show(title: str, value: Any) -> None:
    print(f"{title}: {json.dumps(value, indent=2, ensure_ascii=False)}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Shows the header and the claims of a token.")
    parser.add_argument("file", type=Path, help="a JWT, or the JSON response of a token exchange")
    parser.add_argument("--save", type=Path, metavar="TOKENFILE", help="write the token to this file with mode 0600")
    options = parser.parse_args()
    text = options.file.read_text().strip()
    token = text
    if text.startswith("{"):
        answer = json.loads(text)
        token = answer["access_token"]
        show("answer", {**answer, "access_token": "(shown decoded)"})
    header, claims, _ = token.split(".")
    show("header", decode(header))
    show("claims", decode(claims))
    if options.save:
        write_private(options.save, token.encode())


if __name__ == "__main__":
    main()
