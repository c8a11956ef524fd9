"""The writer's alarm rings at bad moments, on a connection that accepts only what the test allows."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from response_streaming.alarm import Alarm, Cancel
from response_streaming.writer import AbandonedError, ResponseWriter


class RungByHand(Alarm):
    """An alarm that rings when the test says so."""

    def at(self, when_s: float, call: Callable[[], float | None]) -> Cancel:
        self.first_in_s, self.ring = when_s - time.monotonic(), call
        return super().at(when_s + 3600, call)


class SlowConnection:
    """Accepts any number of bytes from a caller that waits, and `room` bytes from one that does not."""

    def __init__(self) -> None:
        self.received, self.room = b"", 100
        self.error: OSError | None = None

    def send(self, data: bytes) -> None:
        if self.error is not None:
            raise self.error
        self.received += data

    def send_at_once(self, data: bytes) -> int:
        self.send(data[: self.room])
        return len(data[: self.room])

    def close(self) -> None:
        pass


def writer(connection: Any, alarm: Alarm, **options: Any) -> ResponseWriter:
    made = ResponseWriter(lambda: connection, b"HEAD ", alarm=alarm, **options)
    made.start()
    return made


def test_first_look_of_the_writer() -> None:
    """The writer's first look is at the end of the hold, or earlier if a heartbeat is due."""
    alarm = RungByHand()
    cases: list[tuple[dict[str, Any], float]] = [
        ({"hold_s": 15}, 15),
        ({"hold_s": 15, "heartbeat": b"x", "heartbeat_s": 5}, 5),
        ({"heartbeat": b"x", "heartbeat_s": 20}, 20),
    ]
    for options, expected_s in cases:
        made = writer(SlowConnection(), alarm, **options)
        assert alarm.first_in_s == pytest.approx(expected_s, abs=1)
        made.close()


def test_without_a_hold_or_a_heartbeat_no_alarm_is_set() -> None:
    alarm = RungByHand()
    for options in ({}, {"hold_s": float("inf")}, {"heartbeat_s": 5}):
        writer(SlowConnection(), alarm, **options).close()
    assert not hasattr(alarm, "ring")


def test_a_look_during_the_hold_sends_nothing() -> None:
    alarm, connection = RungByHand(), SlowConnection()
    made = writer(connection, alarm, hold_s=60, heartbeat=b"x", heartbeat_s=5)
    again_s = alarm.ring()
    assert connection.received == b""
    assert again_s is not None
    assert again_s - time.monotonic() == pytest.approx(5, abs=1)
    assert made.retract()
    made.close()


def test_what_a_heartbeat_could_not_send_goes_out_before_the_next_item() -> None:
    alarm, connection = RungByHand(), SlowConnection()
    made = writer(connection, alarm, heartbeat=b"beat", heartbeat_s=1e-9)
    connection.room = 2
    alarm.ring()
    made.write(b"item")
    assert connection.received == b"HEAD 4\r\nbeat\r\n4\r\nitem\r\n"
    made.close()


def test_heartbeats_do_not_pile_up_while_nobody_reads() -> None:
    alarm, connection = RungByHand(), SlowConnection()
    made = writer(connection, alarm, heartbeat=b"beat", heartbeat_s=1e-9)
    connection.room = 0
    for _ in range(10):
        alarm.ring()
    made.write(b"item")
    assert connection.received == b"HEAD 4\r\nbeat\r\n4\r\nitem\r\n"
    made.close()


def test_a_heartbeat_that_fails_abandons_the_stream_at_the_next_item() -> None:
    alarm, connection = RungByHand(), SlowConnection()
    made = writer(connection, alarm, heartbeat=b"beat", heartbeat_s=1e-9)
    connection.error = BrokenPipeError()
    assert alarm.ring() is None
    assert not made.retract()
    with pytest.raises(AbandonedError):
        made.write(b"item")
    made.close()


def test_a_closed_or_retracted_stream_sends_nothing_more() -> None:
    alarm, connection = RungByHand(), SlowConnection()
    made = writer(connection, alarm, hold_s=1e-9, heartbeat=b"beat")
    assert made.retract()
    assert alarm.ring() is None
    made.close()
    assert alarm.ring() is None
    assert connection.received == b""


def test_a_connection_that_cannot_be_made_abandons_the_stream() -> None:
    def refuse() -> Any:
        raise ConnectionRefusedError

    made = ResponseWriter(refuse, b"HEAD ")
    with pytest.raises(AbandonedError):
        made.start()
    made.close()
