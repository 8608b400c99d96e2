"""Settings of every Python suite."""

import signal

# Both end a run in good order, with fixtures that release what they hold. A shell that starts a run in the background has
# it ignore SIGINT, which Python then keeps.
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.default_int_handler)
