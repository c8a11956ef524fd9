"""The local stack's loopback ports: from environment variables, else the ports of the last run, else free ports."""

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
    """The ports of the emulator and the stand-in."""

    aws: int
    upstream: int


def choose(
    env: Mapping[str, str] = os.environ,
    *,
    kept: Ports | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Ports:
    """Two free ports. Raises SettingError and PortInUseError, whose messages name the variable.

    `kept` are the ports of the last run. If one of them is in use, another port is chosen, and `say` gets a line about it.
    """
    if env.get(AWS_PORT) and env.get(AWS_PORT) == env.get(UPSTREAM_PORT):
        raise SettingError(f"{AWS_PORT} and {UPSTREAM_PORT} name the same port. Choose two different ports.")
    last = {AWS_PORT: kept.aws, UPSTREAM_PORT: kept.upstream} if kept else {}
    chosen: dict[str, int] = {}
    with ExitStack() as bound:  # both are bound at the same time, so that they differ
        for name in sorted(
            (AWS_PORT, UPSTREAM_PORT), key=lambda name: not env.get(name)
        ):  # ports from variables first
            port = _named(name, env.get(name, "")) or _free_again(name, last.get(name, 0), say)
            chosen[name] = bound.enter_context(port).getsockname()[1]
    return Ports(aws=chosen[AWS_PORT], upstream=chosen[UPSTREAM_PORT])


def _named(variable: str, text: str) -> socket.socket | None:
    """A socket bound to the port in the variable; None if the variable is empty."""
    if not text:
        return None
    port = _number(variable, text)
    try:
        return _bound(port)
    except OSError as error:
        raise PortInUseError(
            f"{variable} names port {port}, which cannot be used ({error.strerror}). "
            "Stop the program that uses the port, choose another port, or unset the variable to get a free port."
        ) from None


def _free_again(variable: str, port: int, say: Callable[[str], None]) -> socket.socket:
    """A socket bound to the last run's `port`, or to another port if it is in use; 0 is any free port."""
    try:
        return _bound(port)
    except OSError:
        other = _bound(0)
        say(
            f"Port {port} of the last run is in use. This run uses {other.getsockname()[1]}. "
            f"Set {variable} to choose a port."
        )
        return other


def _bound(port: int) -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # After a stack has stopped, its closed connections remain for a while. They do not prevent listening on the port.
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
