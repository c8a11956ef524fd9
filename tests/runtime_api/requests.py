"""Reads HTTP/1.1 requests from a socket and keeps every byte of them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BufferedReader


class CutOffError(Exception):
    """The other side closed the connection in the middle of a request."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """One chunk of a body, and when its last byte had arrived (time.monotonic)."""

    data: bytes
    at_s: float


@dataclass(slots=True)
class Request:
    """One request as received. `raw` is every byte of it; `complete` is false if it was cut off.

    Times are from time.monotonic: `began_s` after the first line has arrived, `ended_s` after the last byte.
    """

    method: str
    path: str
    headers: list[tuple[str, str]]
    connection: int  # which of the server's connections it came over, from 1
    raw: bytearray
    chunks: list[Chunk] = field(default_factory=list)  # of a chunked body
    content: bytes = b""  # of a body with a length
    trailers: list[tuple[str, str]] = field(default_factory=list)
    complete: bool = False
    began_s: float = field(default_factory=time.monotonic)
    ended_s: float = math.inf

    @property
    def line(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def body(self) -> bytes:
        return self.content or b"".join(chunk.data for chunk in self.chunks)

    def header(self, name: str) -> str | None:
        """The value of the header, or of the trailer."""
        pairs = [*self.headers, *self.trailers]
        return next((value for key, value in pairs if key.lower() == name.lower()), None)


class RequestReader:
    """Reads one request after the other from a connection; without `record` it keeps no raw bytes."""

    def __init__(self, source: BufferedReader, connection: int, *, record: bool) -> None:
        self._source, self._connection, self._record = source, connection, record
        self._raw = bytearray()

    def head(self) -> Request | None:
        """The next request without its body; None when the other side has closed."""
        self._raw = bytearray()
        first = self._source.readline()
        if not first:
            return None
        self._keep(first)
        began_s = time.monotonic()
        method, path, _ = first.decode("latin-1").split()
        return Request(method, path, self._fields(), self._connection, self._raw, began_s=began_s)

    def body(self, request: Request, arrived: Callable[[Chunk], bool]) -> None:
        """Reads the body; `arrived` gets each chunk and says whether to go on. Raises CutOffError."""
        if (request.header("transfer-encoding") or "").lower() != "chunked":
            request.content = self._read(int(request.header("content-length") or "0"))
            request.ended_s = time.monotonic()
            request.complete = True
            return
        while size := int(self._line(), 16):
            chunk = Chunk(self._read(size), time.monotonic())
            if self._line() != b"\r\n":
                raise AssertionError("a chunk is not as long as it says")
            if self._record:
                request.chunks.append(chunk)
            if not arrived(chunk):
                return
        request.trailers = self._fields()
        request.ended_s = time.monotonic()
        request.complete = True

    def _fields(self) -> list[tuple[str, str]]:
        fields = []
        while (line := self._line()) != b"\r\n":
            name, _, value = line.decode("latin-1").partition(":")
            fields.append((name, value.strip()))
        return fields

    def _line(self) -> bytes:
        line = self._source.readline()
        if not line.endswith(b"\r\n"):
            raise CutOffError
        return self._keep(line)

    def _read(self, size: int) -> bytes:
        data = self._source.read(size)
        if len(data) != size:
            raise CutOffError
        return self._keep(data)

    def _keep(self, data: bytes) -> bytes:
        if self._record:
            self._raw += data
        return data
