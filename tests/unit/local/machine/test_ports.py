"""Ports: free unless named, and one clear line where a named one cannot be had."""

from __future__ import annotations

import socket

import pytest

from local.machine import ports
from local.machine.failures import PortInUseError, SettingError


def test_ports_are_free_and_differ() -> None:
    """Both can be listened on at the same time."""
    chosen = ports.choose({})
    with socket.create_server((ports.LOOPBACK, chosen.aws)):
        socket.create_server((ports.LOOPBACK, chosen.upstream)).close()


def test_a_named_port_is_taken_as_named() -> None:
    """The environment decides where it says something."""
    named = ports.choose({})
    assert ports.choose({ports.AWS_PORT: str(named.aws)}).aws == named.aws


def test_a_busy_named_port_says_what_to_do() -> None:
    """The line names the variable, the port and the ways out."""
    with socket.create_server((ports.LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(PortInUseError) as caught:
            ports.choose({ports.UPSTREAM_PORT: str(port)})
    message = str(caught.value)
    assert message.startswith(f"LOCAL_UPSTREAM_PORT names port {port}, ")
    assert "unset the variable" in message
    assert "\n" not in message


@pytest.mark.parametrize("text", ["0", "65536", "-1", "http", "80.0", "٣"])
def test_what_is_no_port_is_refused(text: str) -> None:
    """Nothing is guessed from a bad value."""
    with pytest.raises(SettingError, match="LOCAL_AWS_PORT"):
        ports.choose({ports.AWS_PORT: text})


def test_one_port_for_both_is_refused() -> None:
    """Two servers cannot share it."""
    with pytest.raises(SettingError, match="name the same port"):
        ports.choose({ports.AWS_PORT: "18080", ports.UPSTREAM_PORT: "18080"})
