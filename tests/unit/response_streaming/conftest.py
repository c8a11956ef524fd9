from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from response_streaming.loop import serve_one
from response_streaming.runtime_api import RuntimeApi
from tests.runtime_api import RuntimeApiServer

FUNCTIONS = Path(__file__).parent / "functions"

Serve = Callable[[Callable[[Any, Any], Any]], None]


@pytest.fixture
def api() -> Iterator[RuntimeApiServer]:
    with RuntimeApiServer() as server:
        yield server


@pytest.fixture
def client(api: RuntimeApiServer) -> Iterator[RuntimeApi]:
    runtime_api = RuntimeApi(api.address)
    yield runtime_api
    runtime_api.close()


@pytest.fixture
def serve(client: RuntimeApi) -> Iterator[Serve]:
    """Serves one event with a handler, in this process and on this thread."""
    yield lambda handler: serve_one(client, handler)
    os.environ.pop("_X_AMZN_TRACE_ID", None)
