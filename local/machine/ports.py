"""Loopback ports for the local stack: free ones, unless the environment names them."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass

from local.machine.failures import PortInUseError, SettingError

LOOPBACK = "127.0.0.1"
AWS_PORT = "LOCAL_AWS_PORT"
UPSTREAM_PORT = "LOCAL_UPSTREAM_PORT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The emulator's port and the stand-in's."""

    aws: int
    upstream: int


def choose(env: Mapping[str, str] = os.environ) -> Ports:
    """Two ports that were free a moment ago. Raises SettingError and PortInUseError, naming the variable."""
    if env.get(AWS_PORT) and env.get(AWS_PORT) == env.get(UPSTREAM_PORT):
        raise SettingError(f"{AWS_PORT} and {UPSTREAM_PORT} name the same port; name two.")
    with ExitStack() as bound:  # both at once, so that they differ
        sockets = [bound.enter_context(_bind(name, env.get(name))) for name in (AWS_PORT, UPSTREAM_PORT)]
        aws, upstream = (bound_socket.getsockname()[1] for bound_socket in sockets)
    return Ports(aws=aws, upstream=upstream)


def _bind(variable: str, text: str | None) -> socket.socket:
    port = _number(variable, text) if text else 0
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # Connections of a stack that has just stopped linger; they do not keep a server from listening.
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((LOOPBACK, port))
        bound.listen(1)
    except OSError as error:
        bound.close()
        raise PortInUseError(
            f"{variable} names port {port}, which cannot be used ({error.strerror}): "
            "stop what uses it, name another, or unset the variable to get a free one."
        ) from None
    return bound


def _number(variable: str, text: str) -> int:
    if not text.isascii() or not text.isdecimal() or not 0 < int(text) < 65536:
        raise SettingError(f"{variable} is {text!r}; it must be a port from 1 to 65535.")
    return int(text)
