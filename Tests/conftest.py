"""Settings of all Python suites."""

import signal

# Both signals end a run in an orderly way, so that fixtures are closed. A shell that starts a run in the background makes
# it ignore SIGINT, and Python inherits that.
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.default_int_handler)
