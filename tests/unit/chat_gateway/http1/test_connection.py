"""One connection: the errors of its socket while a request is sent, and how long sending may take."""

from __future__ import annotations

import math
import socket
import ssl
import time
from typing import Any

import pytest

from chat_gateway.http1.connection import HttpConnection

ANSWER = b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n"


@pytest.mark.parametrize("failure", [BrokenPipeError(), ConnectionResetError(), ssl.SSLEOFError()])
def test_an_answer_to_half_a_request(failure: OSError) -> None:
    """If the server stops reading, over TLS or not, sending returns the failure and the answer can be read."""

    class Refusing(socket.socket):
        def sendall(self, *_: Any) -> None:
            raise failure

    near, far = socket.socketpair()
    with far, Refusing(fileno=near.detach()) as refusing:
        far.sendall(ANSWER)
        connection = HttpConnection(refusing)
        assert connection.send(b"POST", ends_at=math.inf) is failure
        assert connection.read_head(ends_at=math.inf).status == 413


@pytest.mark.parametrize(("ends_in_s", "pause_s"), [(0.05, 60.0), (60.0, 0.05)])
def test_a_server_that_does_not_read(ends_in_s: float, pause_s: float) -> None:
    """Sending ends at its deadline, or when the server reads nothing for the length of a pause."""
    ends_at = time.monotonic() + ends_in_s
    near, far = socket.socketpair()
    with near, far, pytest.raises(TimeoutError):
        HttpConnection(near).send(b"POST", b"x" * 20_000_000, ends_at=ends_at, pause_s=pause_s)
