"""`config check` with thousands of endpoints in one file."""

import os
import subprocess
from pathlib import Path

from built_programs import REPOSITORY, built_gateway

HEAD = """cluster: many
keyStore:
  directory: keys
sts:
  endpoints:
"""
ENDPOINT = """
    - name: {name}
      plugin: oidc
      audience: https://{name}.example.com
      path: /{name}
      issuer:
        host: {name}.issuer.example.com
      azRules:
        - scope: filter
          constraint: (namespace={name})
        - scope: group
          constraint: system:serviceaccounts:{name}
      injector:
        label: {name}
      subjectToken:
        audiences: [{name}, sts]
      rotation:
        every: 30d
        propagation: 2h
        maxAge: 1h
      token:
        ttl: 900s
        algorithm: ES256
"""


def check(folder: Path, count: int) -> float:
    """Checks as many endpoints, and returns the seconds of CPU time that it took."""
    file = folder / "gateway.yaml"
    file.write_text(HEAD + "".join(ENDPOINT.format(name=f"endpoint-{number:05}") for number in range(count)))
    with (folder / "output").open("w+b") as output:
        process = subprocess.Popen(
            [built_gateway(), "config", "check", file, "--plugins", REPOSITORY / "plugins.json"],
            stdout=output, stderr=output,
        )  # fmt: skip
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read().decode()
    assert process.returncode == 0, text[-2000:]
    assert text.count(" (oidc)\n") == count, text[-2000:]
    return usage.ru_utime


def test_five_thousand_endpoints_are_checked_in_time_linear_to_their_number(tmp_path: Path) -> None:
    # CPU time depends little on what else the machine does, and the smaller of two even less.
    few, many = (min(check(tmp_path, count) for _ in range(2)) for count in [1_000, 5_000])
    # Comparing all pairs takes 25 times as long.
    assert many < 12 * few, (few, many)
