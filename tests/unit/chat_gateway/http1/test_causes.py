"""The cause of a failed connection is given in plain words."""

from __future__ import annotations

import errno
import socket
import ssl

import httpx
import pytest

from chat_gateway.http1 import causes, connect
from chat_gateway.http1.transport import KeptConnections
from tests.unit.chat_gateway.transport_calls import request


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (socket.gaierror(-2, "secret.host"), "name not resolved"),
        (ssl.SSLCertVerificationError("secret"), "certificate not valid"),
        (ssl.SSLError("secret"), "TLS failed"),
        (ssl.SSLEOFError("secret"), "connection reset"),
        (ConnectionRefusedError(), "connection refused"),
        (ConnectionResetError(), "connection reset"),
        (BrokenPipeError(), "connection reset"),
        (OSError(errno.EHOSTUNREACH, "secret"), "host not reachable"),
        (OSError(errno.ENETUNREACH, "secret"), "host not reachable"),
        (OSError("secret"), "OSError"),
    ],
)
def test_a_cause_is_told_in_our_words(failure: OSError, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The operating system's own message is not repeated."""
    assert causes.cause(failure) == words

    def fail(*_: object, **__: object) -> None:
        raise failure

    monkeypatch.setattr(connect, "connect", fail)
    with pytest.raises(httpx.ConnectError, match=f"^{words}$") as caught:
        KeptConnections().handle_request(request())
    assert caught.value.__cause__ is failure
