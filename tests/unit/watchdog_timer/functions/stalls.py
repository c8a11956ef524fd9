"""Each function of the gateway with a short watchdog limit and a part that stalls: `stalls.api`, `stalls.worker` …"""

from __future__ import annotations

import sys
import time
import unicodedata
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from watchdog_timer import WATCHDOG

# Enough for a busy machine to let the thread run in between.
WATCHDOG.limit_s, WATCHDOG.beat_s = 2.0, 0.1
# Longer than the limit.
_SLOW_S = 3.0


def stall(*_: object, **__: object) -> Any:
    """Holds the GIL for minutes: the time grows with the square of the number of marks out of order."""
    unicodedata.normalize("NFC", "a" + "\u0301\u0327" * 200_000)


def bedrock(request: Any) -> Any:
    """Waits, or sends input that makes the gateway stall, if the model says so."""
    httpx = import_module("httpx")
    if b'"stream":true' in request.content:
        chunks = _chunks(stalls=b'"stalls"' in request.content)
        return httpx.Response(200, content=chunks, headers={"content-type": "text/event-stream"})
    time.sleep(_SLOW_S)
    return httpx.Response(200, json={"choices": [{"index": 0, "message": {"content": "at last"}}]})


def _chunks(*, stalls: bool) -> Iterator[bytes]:
    yield b'data: {"choices": []}\n\n'
    stall() if stalls else time.sleep(_SLOW_S)
    yield b"data: [DONE]\n\n"


def __getattr__(name: str) -> Callable[[Any, Any], Any]:
    """The stalling handler of that name; only the one that runs is imported."""
    if name not in _HANDLERS:
        raise AttributeError(name)
    module_name, stalling = _HANDLERS[name]
    module: Any = import_module(module_name)
    handler: Callable[[Any, Any], Any] = stalling(module)
    return handler


def _api(api: Any) -> Any:
    sys.path.append(str(Path(__file__).parents[4]))
    calls = import_module("tests.unit.chat_gateway.api_calls")
    parse = api.chat_request.parse
    api.chat_request.parse = lambda raw, **options: (
        stall() if b"stall at once" in raw else parse(raw, **options)
    )
    chat = calls.ChatCalls.of(calls.completions_for(bedrock), sys.stdout)
    return api.entry_point(chat.function)


def _authorizer(authorizer: Any) -> Any:
    authorizer.ClientsTable.key_item = stall
    return authorizer.handle


def _prover(prover: Any) -> Any:
    return import_module("watchdog_timer").watched(prover.Prover(prover.Logger(), status=stall).handle)


def _before_traffic(hook: Any) -> Any:
    return import_module("watchdog_timer").watched(hook.BeforeTraffic(hook.Logger(), status=stall).handle)


def _resources(resources: Any) -> Any:
    resources.ModelRoutes.all = stall
    return resources.watched(resources.ResourcesFunction(resources.startup, resources.Logger()).handle)


def _worker(worker: Any) -> Any:
    worker.job_lines.parse = stall
    return worker.handle


_HANDLERS = {
    "api": ("chat_gateway.http_api.handler", _api),
    "authorizer": ("chat_gateway.clients.authorizer", _authorizer),
    "before_traffic": ("guardrail_proof.before_traffic", _before_traffic),
    "prover": ("guardrail_proof.prover", _prover),
    "resources": ("openai_resources.handler", _resources),
    "worker": ("chat_gateway.jobs.worker", _worker),
}
