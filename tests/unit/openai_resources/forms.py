"""Bodies of multipart/form-data as clients make them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.unit.openai_resources.resource_calls import event

BOUNDARY = "0123456789abcdef0123456789abcdef"
Part = tuple[str, bytes]  # the parameters of content-disposition, and the content


def text(name: str, value: str) -> Part:
    """A field with a text."""
    return f'name="{name}"', value.encode()


def file(content: bytes, *, field: str = "file", filename: str | None = "a.jsonl") -> Part:
    """A file, whose name is already encoded."""
    return f'name="{field}"' + ("" if filename is None else f'; filename="{filename}"'), content


def encoded(parts: Sequence[Part], *, boundary: str = BOUNDARY) -> bytes:
    """The body with these parts, in this order."""
    pieces = [
        f"--{boundary}\r\nContent-Disposition: form-data; {parameters}\r\n\r\n".encode() + content + b"\r\n"
        for parameters, content in parts
    ]
    return b"".join(pieces) + f"--{boundary}--\r\n".encode()


def posted(path: str, *parts: Part, **options: Any) -> dict[str, Any]:
    """API Gateway's event for a POST of a form."""
    headers = {"content-type": [f"multipart/form-data; boundary={BOUNDARY}"]}
    return event(path, method="POST", headers=headers, body=encoded(parts), **options)
