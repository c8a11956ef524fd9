"""Loopback ports for the local stack: those that the environment names, else the last run's, else free ones."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping
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


def choose(
    env: Mapping[str, str] = os.environ,
    *,
    kept: Ports | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Ports:
    """Two ports that were free a moment ago. Raises SettingError and PortInUseError, naming the variable.

    `kept` are the last run's. Where one of them is taken, `say` gets a line about it, and another is chosen.
    """
    if env.get(AWS_PORT) and env.get(AWS_PORT) == env.get(UPSTREAM_PORT):
        raise SettingError(f"{AWS_PORT} and {UPSTREAM_PORT} name the same port; name two.")
    last = {AWS_PORT: kept.aws, UPSTREAM_PORT: kept.upstream} if kept else {}
    chosen: dict[str, int] = {}
    with ExitStack() as bound:  # both at once, so that they differ
        for name in sorted((AWS_PORT, UPSTREAM_PORT), key=lambda name: not env.get(name)):  # named ones first
            port = _named(name, env.get(name, "")) or _free_again(name, last.get(name, 0), say)
            chosen[name] = bound.enter_context(port).getsockname()[1]
    return Ports(aws=chosen[AWS_PORT], upstream=chosen[UPSTREAM_PORT])


def _named(variable: str, text: str) -> socket.socket | None:
    """None where the variable names no port."""
    if not text:
        return None
    port = _number(variable, text)
    try:
        return _bound(port)
    except OSError as error:
        raise PortInUseError(
            f"{variable} names port {port}, which cannot be used ({error.strerror}): "
            "stop what uses it, name another, or unset the variable to get a free one."
        ) from None


def _free_again(variable: str, port: int, say: Callable[[str], None]) -> socket.socket:
    """The last run's `port`, or another; 0 is any."""
    try:
        return _bound(port)
    except OSError:
        other = _bound(0)
        say(
            f"Port {port} of the last run is taken: using {other.getsockname()[1]} ({variable} names another)."
        )
        return other


def _bound(port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # Connections of a stack that has just stopped linger; they do not keep a server from listening.
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((LOOPBACK, port))
        bound.listen(1)
    except OSError:
        bound.close()
        raise
    return bound


def _number(variable: str, text: str) -> int:
    if not text.isascii() or not text.isdecimal() or not 0 < int(text) < 65536:
        raise SettingError(f"{variable} is {text!r}; it must be a port from 1 to 65535.")
    return int(text)
