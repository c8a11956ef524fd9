"""The upstream of the benchmark, in a thread."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from benchmarks import upstream


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The upstream's address (host:port)."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=upstream.serve, args=(listener,), daemon=True).start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
