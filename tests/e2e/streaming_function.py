"""The chat function under the streaming loop, with the package and the settings of the deployment."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.stack.local_stack import LocalStack
from tests.e2e.conftest import MODEL
from tests.e2e.streaming_runtime import HANDLER, SOURCES, function_env, proxy_event
from tests.runtime_api import Invocation, RuntimeApiServer, RuntimeProcess, streaming_runtime


@dataclass
class Function:
    """The running function: invoke it, and look at its process."""

    api: RuntimeApiServer
    process: RuntimeProcess

    def invoke(
        self, *, remaining_s: float = 60, abandon_after: int | None = None, **request: Any
    ) -> Invocation:
        body = {
            "model": MODEL,
            "messages": [{"role": "user", "content": "one two three"}],
            "stream": True,
            **request,
        }
        event = proxy_event(json.dumps(body).encode())
        return self.api.invoke(event, remaining_s=remaining_s, abandon_after=abandon_after)

    def log_lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.process.stdout.splitlines()]

    def resources(self) -> tuple[int, int, int]:
        """Resident memory in KiB, threads, open files."""
        proc = Path(f"/proc/{self.process.pid}")
        pairs = (line.partition(":") for line in (proc / "status").read_text().splitlines())
        status = {name: value.split() for name, _, value in pairs}
        return int(status["VmRSS"][0]), int(status["Threads"][0]), len(list((proc / "fd").iterdir()))


@contextmanager
def running(stack: LocalStack) -> Iterator[Function]:
    """The deployed package, with the settings of the deployment."""
    with (
        RuntimeApiServer() as api,
        streaming_runtime(api, task_root=SOURCES, handler=HANDLER, env=function_env(stack)) as process,
    ):
        yield Function(api, process)


def eventually(is_so: Callable[[], bool], within_s: float = 10) -> bool:
    deadline = time.monotonic() + within_s
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.02)
    return is_so()
