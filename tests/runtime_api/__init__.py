"""A Lambda Runtime API for tests of runtimes, and functions that start runtimes.

    with RuntimeApiServer() as api, streaming_runtime(api, task_root=folder, handler="module.function"):
        invocation = api.invoke({"an": "event"})
        invocation.next_chunk()     # as soon as it has arrived
        invocation.answer()         # the whole request that answered it

`awslambdaric_runtime` starts the managed runtime's own loop, the reference for answers that do not stream.
"""

from tests.runtime_api.process import RuntimeProcess, awslambdaric_runtime, streaming_runtime
from tests.runtime_api.requests import Chunk, Request
from tests.runtime_api.server import Invocation, RuntimeApiServer

__all__ = [
    "Chunk",
    "Invocation",
    "Request",
    "RuntimeApiServer",
    "RuntimeProcess",
    "awslambdaric_runtime",
    "streaming_runtime",
]
