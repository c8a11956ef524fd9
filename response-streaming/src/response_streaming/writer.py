"""Writes one streamed response, chunk by chunk, and breaks the silence between chunks."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

from response_streaming.alarm import ALARM, Alarm, Cancel
from response_streaming.runtime_api import Answer, Connection


class AbandonedError(Exception):
    """The Runtime API takes no more bytes of this response: most likely nobody listens any more."""


class ResponseWriter:
    """Writes the head, chunks and trailers of one response over a connection of its own.

    `head` (with the prelude, ready for the wire) goes out with the first chunk, but no later than `hold_s`
    after start(). Whenever nothing was written for `heartbeat_s` after that, `heartbeat` is. Both happen on
    the alarm's thread while the caller waits for its next item. Writing raises AbandonedError.
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
        """Sends the head at once if it is not held, and sets the alarm that breaks the silence."""
        now_s = time.monotonic()
        self._held_until_s = now_s + self._hold_s
        if self._hold_s <= 0:
            self.write(b"")
        first_look_s = min(self._held_until_s if self._hold_s > 0 else math.inf, now_s + self._heartbeat_s)
        if first_look_s < math.inf:
            self._silence = self._alarm.at(first_look_s, self._break_silence)

    def write(self, item: bytes) -> None:
        """Writes `item` as one chunk, behind the head if that is still here; returns once it is on its way."""
        with self._lock:
            self.send(chunk(item))

    def retract(self) -> bool:
        """True if nothing has been sent, and from now on nothing will be."""
        with self._lock:
            untouched = self._connection is None and self._failure is None
            self._ended = self._ended or untouched
            return untouched

    def end(self, last_item: bytes = b"", *, trailers: bytes = b"") -> Answer:
        """Writes `last_item` and the end, and returns what the Runtime API answers to all of it."""
        with self._lock:
            self.send(b"%b0\r\n%b\r\n" % (chunk(last_item), trailers))
            self._ended = True
        try:
            return self._connected().receive()
        except OSError as error:
            raise AbandonedError from error

    def close(self) -> None:
        """Stops the alarm and closes the connection; a body that was not ended is thereby cut off."""
        with self._lock:
            self._ended = True
        if self._silence is not None:
            self._silence.cancel()
        if self._connection is not None:
            self._connection.close()

    def send(self, data: bytes) -> None:
        """Sends all that is due, and then `data`. Only under this writer's lock: `write` and `end` hold it."""
        if self._unsent:  # the head, or what a heartbeat could not get rid of
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
        """The time of the next look, None if there will be nothing more to look for. Never waits for a reader."""
        now_s = time.monotonic()
        if not self._lock.acquire(blocking=False):
            return self._next_look(now_s + self._heartbeat_s)  # something is being written right now
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
        # What is still unsent after the head proves that nobody reads: no need to add to it.
        data = self._unsent + self._heartbeat if self._connection is None else self._unsent or self._heartbeat
        try:
            self._unsent = data[self._connected().send_at_once(data) :]
        except OSError as error:
            self._failure = error  # the caller learns of it with its next item
        self._wrote_s = time.monotonic()

    def _next_look(self, time_s: float) -> float | None:
        return time_s if time_s < math.inf and self._failure is None else None


def chunk(data: bytes) -> bytes:
    """`data` in HTTP/1.1's chunked coding; nothing for nothing, since an empty chunk would end the body."""
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""
