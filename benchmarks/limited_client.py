"""A chat function that is asked by a client with limits.

Each answer is checked: the function counted the request, and made the expected updates of the usage table. So the measured
time is never that of an error, or of a function that skips its limits.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from typing import Any

from benchmarks import exchanges
from benchmarks.aws_answers import USAGE_KEY
from benchmarks.events import chat_body
from benchmarks.exchanges import PRELUDE_END, FunctionTarget, Timing
from benchmarks.functions import Function
from benchmarks.shapes import Shape
from benchmarks.stage import Stage
from benchmarks.warm import KILOBYTE

_REQUESTS_PER_MINUTE = 1_000_000
# The client's policy, as the authorizer passes it on. No limit is ever reached.
POLICY = json.dumps(
    {
        "v": 1,
        "max_completion_tokens": 1000,
        "requests_per_minute": _REQUESTS_PER_MINUTE,
        "tokens_per_minute": 1_000_000_000,
        "concurrent_requests": 200,
    },
    separators=(",", ":"),
)
_LIMIT = "x-ratelimit-limit-requests"
# The updates of each request, in order: the kind of item, and what the update returns. The first is made before the answer.
_RESERVATION, _SETTLEMENT, _USAGE = ("counters", "ALL_NEW"), ("counters", None), ("usage", None)
_EXPECTED = [_RESERVATION, _SETTLEMENT, _USAGE]


class LimitedTarget:
    """The function, asked by a client with limits. `upstream` is a connection of its own to the upstream."""

    def __init__(self, function: FunctionTarget, upstream: HTTPConnection) -> None:
        self.name, self.pid = name(function.name), function.pid
        self._function, self._upstream = function, upstream

    def ask(self, body: bytes) -> Timing:
        """Sends the request and reads the whole answer.

        Raises AssertionError if the answer is not a completion, or if the request was not counted as expected.
        """
        self._updates()
        timing, answer = self._function.exchange(body)
        status, limit = _status_and_limit(answer)
        if (status, limit) != (200, str(_REQUESTS_PER_MINUTE)):
            raise AssertionError(f"{self.name} answered with the status {status} and {_LIMIT} {limit}")
        made = [_kind(update) for update in self._updates()]
        if made != _EXPECTED:
            raise AssertionError(f"{self.name} made the updates {made}, not {_EXPECTED}")
        return timing

    def _updates(self) -> list[Mapping[str, Any]]:
        """The updates since the last call."""
        self._upstream.request("GET", "/")
        updates: list[Mapping[str, Any]] = json.loads(self._upstream.getresponse().read())
        return updates


def name(function: str) -> str:
    """The name of the target for the function with this name."""
    return f"{function}, client with limits"


@contextmanager
def target(function: Function, stage: Stage) -> Iterator[LimitedTarget]:
    """Runs the function during the block, in a process of its own."""
    connection = HTTPConnection(stage.upstream)
    with (
        closing(connection),
        exchanges.function_target(function, stage.runtime, policy=POLICY) as running,
    ):
        yield LimitedTarget(running, connection)


def is_known(function: Function, stage: Stage) -> bool:
    """Whether the function has limits. Functions of earlier commits ignore them, or refuse their policy."""
    with exchanges.function_target(function, stage.runtime, policy=POLICY) as running:
        try:
            _, answer = running.exchange(chat_body(Shape(), KILOBYTE))
        except AssertionError:
            return False
    return _status_and_limit(answer)[1] is not None


def _status_and_limit(answer: bytes) -> tuple[int, str | None]:
    prelude = json.loads(answer.partition(PRELUDE_END)[0])
    return prelude["statusCode"], prelude["headers"].get(_LIMIT)


def _kind(update: Mapping[str, Any]) -> tuple[str, str | None]:
    partition = update["Key"].get(USAGE_KEY, {}).get("S", "")
    return partition.partition("#")[0], update.get("ReturnValues")
