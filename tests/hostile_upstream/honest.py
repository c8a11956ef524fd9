"""An honest Bedrock's answers, and their parts for scenarios to change."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.hostile_upstream import markers
from tests.hostile_upstream.way import Way

WORDS = "The capital of France is Paris."
OTHER_WORDS = "Elsewhere they say that it is Lyon."  # of a name's other target
USAGE = {"prompt_tokens": 23, "completion_tokens": 7, "total_tokens": 30}
OK = b"HTTP/1.1 200 OK"
DONE = b"data: [DONE]\n\n"
LAST_CHUNK = b"0\r\n\r\n"  # and no trailers


@dataclass(frozen=True, slots=True)
class Honest:
    """The answer to a request of one kind: in one piece, or as a stream of events."""

    way: Way
    words: str = WORDS

    @property
    def content_type(self) -> bytes:
        return b"text/event-stream; charset=utf-8" if self.way is Way.STREAM else b"application/json"

    @property
    def content(self) -> bytes:
        return stream(self.words) if self.way is Way.STREAM else to_json(completion(self.words))

    def half(self) -> bytes:
        """The first half of the content."""
        return self.content[: len(self.content) // 2]

    def saying(self, other: bytes) -> bytes:
        """The content with other bytes as its words."""
        return self.content.replace(b"Paris", other)

    def head(self, *fields: bytes, status: bytes = OK) -> bytes:
        """The head with these fields beside the content type."""
        return head(status, b"Content-Type: " + self.content_type, *fields)

    def counted_head(self) -> bytes:
        """The head of the whole answer, with the body's length."""
        return self.head(b"Content-Length: %d" % len(self.content))

    def counted(self, *fields: bytes, status: bytes = OK) -> bytes:
        """The whole answer, with the body's length."""
        return self.of(self.content, *fields, status=status)

    def of(self, content: bytes, *fields: bytes, status: bytes = OK) -> bytes:
        """The same answer with another body."""
        return self.head(b"Content-Length: %d" % len(content), *fields, status=status) + content

    def typed(self, content_type: bytes) -> bytes:
        """The whole answer with another content type."""
        return self.counted().replace(self.content_type, content_type)

    def chunked(self, *fields: bytes) -> bytes:
        """The whole answer, with the body in chunks."""
        return self.chunked_head(*fields) + chunk(self.content) + LAST_CHUNK

    def chunked_head(self, *fields: bytes) -> bytes:
        return self.head(b"Transfer-Encoding: chunked", *fields)


def head(status: bytes, *fields: bytes) -> bytes:
    """A status line and fields as bytes."""
    return b"".join(line + b"\r\n" for line in (status, *fields)) + b"\r\n"


def chunk(content: bytes, extension: bytes = b"") -> bytes:
    return b"%x%b\r\n%b\r\n" % (len(content), extension, content)


def chunks_of_one_byte(content: bytes) -> bytes:
    return b"".join(chunk(content[at : at + 1]) for at in range(len(content)))


def completion(words: Any = WORDS, **change: Any) -> dict[str, Any]:
    """A chat completion."""
    message = {"role": "assistant", "content": words}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 0,
        "model": "openai.gpt-oss-120b-1:0",
        "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
        "usage": USAGE,
        **change,
    }


def chunk_object(words: str = "", *, finish_reason: Any = None, **change: Any) -> dict[str, Any]:
    """A chat completion chunk."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": "openai.gpt-oss-120b-1:0",
        "choices": [
            {"index": 0, "delta": {"content": words} if words else {}, "finish_reason": finish_reason}
        ],
        **change,
    }


def event(document: Any) -> bytes:
    """An event with the document as its data."""
    return b"data: " + to_json(document) + b"\n\n"


def stream(words: str = WORDS) -> bytes:
    """The events of a whole stream, `[DONE]` included."""
    events = [event(chunk_object(word)) for word in words.split(" ")[:1]]
    events += [event(chunk_object(f" {word}")) for word in words.split(" ")[1:]]
    last = event(chunk_object(finish_reason="stop"))
    usage = event({**chunk_object(), "choices": [], "usage": USAGE})
    return b"".join([*events, last, usage, DONE])


def to_json(document: Any) -> bytes:
    return json.dumps(document).encode()


SAYS_NO = to_json({"error": {"message": f"{markers.WORDS} says no"}})


def error(status: int, content: bytes, *fields: bytes) -> bytes:
    """An error answer of that status."""
    return head(_line(status), b"Content-Length: %d" % len(content), *fields) + content


def unfinished_error(status: int) -> bytes:
    """An error answer of that status whose end is still to come."""
    return head(_line(status), b"Content-Length: 500") + SAYS_NO


def _line(status: int) -> bytes:
    return b"HTTP/1.1 %03d Status" % status
