"""Each function of the gateway under an impatient watchdog, with a part that stalls: `stalls.api`, `stalls.worker` …"""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Callable, Iterator
from importlib import import_module
from types import SimpleNamespace
from typing import Any

from watchdog_timer import WATCHDOG

# Enough for a busy machine to let the thread run in between.
WATCHDOG.limit_s, WATCHDOG.beat_s = 2.0, 0.1
# Longer than the limit.
_SLOW_S = 3.0


def stall(*_: object, **__: object) -> Any:
    """Holds the GIL for minutes: the time grows with the square of the marks that are out of order."""
    unicodedata.normalize("NFC", "a" + "\u0301\u0327" * 200_000)


class Slow:
    """Bedrock, by the model: it takes its time, or what it sends makes us stall."""

    def guarded(self, request: Any, *, caller_headers: object) -> Any:
        return SimpleNamespace(guardrail=None, shows_trace=False, model=request.model)

    def create(self, guarded: Any, attempts: object) -> Any:
        time.sleep(_SLOW_S)
        raise LookupError("the answer that nobody asked for")

    def stream(self, guarded: Any, attempts: object) -> Any:
        return SimpleNamespace(
            bedrock_request_id=None, chunks=self._chunks(guarded.model), finish=_nothing, close=_nothing
        )

    def _chunks(self, model: str) -> Iterator[bytes]:
        yield b'data: {"choices": []}\n\n'
        stall() if model == "stalls" else time.sleep(_SLOW_S)
        yield b"data: [DONE]\n\n"


def _nothing() -> None:
    return None


def __getattr__(name: str) -> Callable[[Any, Any], Any]:
    """The handler of that name: imported only where it is the one that is run."""
    if name not in _PATCHES:
        raise AttributeError(name)
    package = "guardrail_proof" if name == "prover" else "chat_gateway.entrypoints"
    module: Any = import_module(f"{package}.{name}")
    _PATCHES[name](module)
    return module.handle  # type: ignore[no-any-return]


def _patch_api(api: Any) -> None:
    api._completions = Slow
    parse = api.chat_request.parse
    api.chat_request.parse = lambda raw, **options: (
        stall() if b"stall at once" in raw else parse(raw, **options)
    )


def _patch_authorizer(authorizer: Any) -> None:
    authorizer._client_of = stall


def _patch_prover(prover: Any) -> None:
    prover._stack_status = stall


def _patch_worker(worker: Any) -> None:
    worker.jobs.parse = stall


_PATCHES = {
    "api": _patch_api,
    "authorizer": _patch_authorizer,
    "prover": _patch_prover,
    "worker": _patch_worker,
}
