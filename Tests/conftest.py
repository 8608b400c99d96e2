"""Settings of every Python suite."""

import signal

# SIGTERM ends a run as Ctrl-C does: fixtures release what they hold.
signal.signal(signal.SIGTERM, signal.default_int_handler)
