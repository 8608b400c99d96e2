"""Tests that run in parallel, since they wait most of the time."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from waiting import give_up

from .stage import Stage, Theatre

Body = Callable[[Stage], None]

WIDTH = 10
"""The number of parallel scenarios."""


def scenario(body: Body) -> Callable[["Scenarios"], None]:
    """Makes a test that reports the result of the scenario."""

    def test(scenarios: "Scenarios") -> None:
        scenarios.result(body)

    test.__name__ = test.__qualname__ = body.__name__
    test.__doc__ = body.__doc__
    test.body = body  # type: ignore[attr-defined]
    return test


class Scenarios:
    """The scenarios of the selected tests, started in their order."""

    def __init__(self, theatre: Theatre, tests: list[Callable[..., None]]) -> None:
        self._pool = ThreadPoolExecutor(WIDTH)
        self._running: dict[Body, Future[None]] = {}
        for test in tests:
            if body := getattr(test, "body", None):
                self._running[body] = self._pool.submit(self._run, theatre, body)

    def result(self, body: Body) -> None:
        self._running[body].result()

    def stop(self) -> None:
        """Stops scenarios that still wait when a run ends early."""
        if not all(future.done() for future in self._running.values()):
            give_up()
        self._pool.shutdown(cancel_futures=True)

    @staticmethod
    def _run(theatre: Theatre, body: Body) -> None:
        with Stage(theatre, theatre.new_folder()) as stage:
            body(stage)
