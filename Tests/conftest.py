"""Settings of all Python suites."""

import signal

import pytest
import secret_scan

# Both signals end a run in an orderly way, so that fixtures are closed. A shell that starts a run in the background makes
# it ignore SIGINT, and Python inherits that.
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.default_int_handler)

LEAKS = pytest.StashKey[list[secret_scan.Leak]]()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fails the run if anything that the programs wrote or answered contains a secret of the run."""
    session.config.stash[LEAKS] = secret_scan.RUN.leaks()
    if session.config.stash[LEAKS]:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Names each secret that was found, and counts what was searched."""
    terminalreporter.write_line(secret_scan.RUN.summary)
    for leak in config.stash.get(LEAKS, []):
        terminalreporter.write_line(f"SECRET: {leak}", red=True)
