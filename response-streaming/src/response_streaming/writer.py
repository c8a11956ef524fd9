"""Writes one streamed response chunk by chunk, with heartbeats between chunks."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

from response_streaming.alarm import ALARM, Alarm, Cancel
from response_streaming.runtime_api import Answer, Connection


class AbandonedError(Exception):
    """The Runtime API accepts no more bytes of this response; most likely the client has disconnected."""


class ResponseWriter:
    """Writes the head, chunks and trailers of one response over its own connection.

    `head` (the encoded head with the prelude) is sent with the first chunk, but at the latest `hold_s` after start().
    After that, `heartbeat` is written whenever nothing was written for `heartbeat_s`. The alarm's thread does both while
    the caller waits for its next item. Methods that write raise AbandonedError.
    """

    def __init__(
        self,
        connect: Callable[[], Connection],
        head: bytes,
        *,
        hold_s: float = 0.0,
        heartbeat: bytes = b"",
        heartbeat_s: float = math.inf,
        alarm: Alarm = ALARM,
    ) -> None:
        self._connect, self._unsent, self._alarm = connect, head, alarm
        self._hold_s, self._heartbeat = hold_s, chunk(heartbeat)
        self._heartbeat_s = heartbeat_s if heartbeat else math.inf
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._failure: OSError | None = None
        self._ended = False
        self._wrote_s = self._held_until_s = 0.0
        self._silence: Cancel | None = None

    def start(self) -> None:
        """Sends the head at once if it is not held, and sets the alarm for head and heartbeats."""
        now_s = time.monotonic()
        self._held_until_s = now_s + self._hold_s
        if self._hold_s <= 0:
            self.write(b"")
        first_look_s = min(self._held_until_s if self._hold_s > 0 else math.inf, now_s + self._heartbeat_s)
        if first_look_s < math.inf:
            self._silence = self._alarm.at(first_look_s, self._break_silence)

    def write(self, item: bytes) -> None:
        """Writes `item` as one chunk, after the head if the head is still held."""
        with self._lock:
            self.send(chunk(item))

    def retract(self) -> bool:
        """Returns True if nothing has been sent yet; then nothing can be sent any more."""
        with self._lock:
            untouched = self._connection is None and self._failure is None
            self._ended = self._ended or untouched
            return untouched

    def end(self, last_item: bytes = b"", *, trailers: bytes = b"") -> Answer:
        """Writes `last_item` and the end of the body. Returns the Runtime API's answer."""
        with self._lock:
            self.send(b"%b0\r\n%b\r\n" % (chunk(last_item), trailers))
            self._ended = True
        try:
            return self._connected().receive()
        except OSError as error:
            raise AbandonedError from error

    def release(self) -> Connection:
        """Stops the alarm. Returns the connection, which belongs to the caller from now on. Call it after `end`."""
        self._stop()
        connection, self._connection = self._connected(), None
        return connection

    def close(self) -> None:
        """Stops the alarm and closes the connection. This cuts off a body that was not ended."""
        self._stop()
        if self._connection is not None:
            self._connection.close()

    def _stop(self) -> None:
        with self._lock:
            self._ended = True
        if self._silence is not None:
            self._silence.cancel()

    def send(self, data: bytes) -> None:
        """Sends unsent bytes, then `data`. Only under this writer's lock, which `write` and `end` hold."""
        if self._unsent:  # the head, or the rest of a heartbeat
            data, self._unsent = self._unsent + data, b""
        if not data:
            return
        try:
            if self._failure is not None:
                raise self._failure
            self._connected().send(data)
        except OSError as error:
            self._failure = error
            raise AbandonedError from error
        self._wrote_s = time.monotonic()

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    def _break_silence(self) -> float | None:
        """Sends the head or a heartbeat if due. Returns the time of the next check, None if there is none. Never blocks."""
        now_s = time.monotonic()
        if not self._lock.acquire(blocking=False):
            return self._next_look(now_s + self._heartbeat_s)  # another thread is writing now
        try:
            if self._ended or self._failure is not None:
                return None
            if self._connection is None and now_s < self._held_until_s:
                return min(self._held_until_s, now_s + self._heartbeat_s)
            if self._connection is None or now_s >= self._wrote_s + self._heartbeat_s:
                self._beat()
            return self._next_look(self._wrote_s + self._heartbeat_s)
        finally:
            self._lock.release()

    def _beat(self) -> None:
        # Bytes that are still unsent after the head show that the client is not reading: do not add a heartbeat.
        data = self._unsent + self._heartbeat if self._connection is None else self._unsent or self._heartbeat
        try:
            self._unsent = data[self._connected().send_at_once(data) :]
        except OSError as error:
            self._failure = error  # raised at the caller's next write
        self._wrote_s = time.monotonic()

    def _next_look(self, time_s: float) -> float | None:
        return time_s if time_s < math.inf and self._failure is None else None


def chunk(data: bytes) -> bytes:
    """`data` in HTTP/1.1's chunked coding; empty for empty `data`, since an empty chunk would end the body."""
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""
