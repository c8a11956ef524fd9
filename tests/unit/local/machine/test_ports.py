"""Ports are named, the last run's, or free ones; a port that is not available is one clear line."""

from __future__ import annotations

import socket

import pytest

from local.machine import ports
from local.machine.failures import PortInUseError, SettingError
from local.machine.ports import Ports


def test_ports_are_free_and_differ() -> None:
    """Both ports can be listened on at the same time."""
    chosen = ports.choose({})
    with socket.create_server((ports.LOOPBACK, chosen.aws)):
        socket.create_server((ports.LOOPBACK, chosen.upstream)).close()


def test_a_named_port_is_taken_as_named() -> None:
    """A port in the environment is used."""
    named = ports.choose({})
    assert ports.choose({ports.AWS_PORT: str(named.aws)}).aws == named.aws


def test_a_busy_named_port_says_what_to_do() -> None:
    """The line names the variable, the port and the possible solutions."""
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
    """A bad value is refused, and no port is guessed."""
    with pytest.raises(SettingError, match="LOCAL_AWS_PORT"):
        ports.choose({ports.AWS_PORT: text})


def test_one_port_for_both_is_refused() -> None:
    """One port for both servers is refused."""
    with pytest.raises(SettingError, match="name the same port"):
        ports.choose({ports.AWS_PORT: "18080", ports.UPSTREAM_PORT: "18080"})


def test_the_last_runs_ports_are_taken_again() -> None:
    """The last run's ports are used again, so that a client finds this stack too."""
    last, said = ports.choose({}), list[str]()
    assert ports.choose({}, kept=last, say=said.append) == last
    assert said == []


def test_a_taken_port_of_the_last_run_is_told() -> None:
    """If a port of the last run is taken, another is used, and one line says which and how to name one."""
    last, said = ports.choose({}), list[str]()
    with socket.create_server((ports.LOOPBACK, last.aws)):
        chosen = ports.choose({}, kept=last, say=said.append)
    assert chosen.upstream == last.upstream
    assert chosen.aws not in {last.aws, last.upstream}
    assert said == [
        f"Port {last.aws} of the last run is in use. This run uses {chosen.aws}. Set LOCAL_AWS_PORT to choose a port."
    ]


def test_a_named_port_comes_before_the_last_runs() -> None:
    """A named port is used even if the last run used it for the other server."""
    last, said = ports.choose({}), list[str]()
    chosen = ports.choose({ports.UPSTREAM_PORT: str(last.aws)}, kept=last, say=said.append)
    assert chosen.upstream == last.aws
    assert chosen != Ports(aws=last.aws, upstream=last.aws)
    assert len(said) == 1
