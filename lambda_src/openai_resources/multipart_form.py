"""Reads a body of multipart/form-data: https://www.rfc-editor.org/rfc/rfc7578"""

from __future__ import annotations

import re
from typing import NamedTuple

from multipart import (
    MultipartError,
    MultipartSegment,
    ParserLimitReached,
    PushMultipartParser,
    parse_options_header,
)

from chat_gateway.core.errors import InvalidRequestError

_MEDIA_TYPE = "multipart/form-data"
_MAX_PARTS = 32
_MAX_TEXT_BYTES = 10_000
# https://www.rfc-editor.org/rfc/rfc2046#section-5.1.1; some clients make longer ones
_BOUNDARY = re.compile(r"[!-~]([ -~]{0,198}[!-~])?")


class FormFile(NamedTuple):
    """A file in a form. `filename` is None if the form has none."""

    filename: str | None
    content: bytes


class Form(NamedTuple):
    """The texts of a form by name, and its file."""

    texts: dict[str, str]
    file: FormFile | None

    def table(self, name: str) -> dict[str, str] | None:
        """The fields `name[key]` by key; None if there are none."""
        found = {
            field[len(name) + 1 : -1]: text
            for field, text in self.texts.items()
            if field.startswith(f"{name}[") and field.endswith("]")
        }
        return found or None


def read(content_type: str, body: bytes, *, file_field: str) -> Form:
    """The form in `body`. The field `file_field` is the file, with or without a filename; the others are texts.

    Raises InvalidRequestError. The messages repeat nothing of the form.
    """
    texts: dict[str, str] = {}
    file: FormFile | None = None
    for segment, content in _parts(_boundary(content_type), body):
        if segment.name == file_field:
            if file is not None:
                raise InvalidRequestError("The form has more than one file.", param=file_field)
            file = FormFile(segment.filename, content)
        else:
            _add(texts, segment.name or "", content)
    return Form(texts, file)


def _boundary(content_type: str) -> str:
    media_type, options = parse_options_header(content_type)
    boundary: str = options.get("boundary", "")
    if media_type != _MEDIA_TYPE or not _BOUNDARY.fullmatch(boundary):
        raise InvalidRequestError(f"Send the file as {_MEDIA_TYPE}, with a boundary.")
    return boundary


def _parts(boundary: str, body: bytes) -> list[tuple[MultipartSegment, bytes]]:
    found: list[tuple[MultipartSegment, bytes]] = []
    chunks: list[bytes] = []
    try:
        with PushMultipartParser(boundary, max_segment_count=_MAX_PARTS) as parser:
            for event in parser.parse(body):
                if isinstance(event, MultipartSegment):
                    segment, chunks = event, []
                elif event is None:
                    found.append((segment, b"".join(chunks)))
                else:
                    chunks.append(event)
    except ParserLimitReached:
        raise InvalidRequestError(
            f"The form has more than {_MAX_PARTS} fields."
            if len(found) == _MAX_PARTS
            else "The headers of a field of the form are too long. Send a shorter name of the file."
        ) from None
    except MultipartError:
        raise InvalidRequestError(f"The request body is not valid {_MEDIA_TYPE}.") from None
    return found


def _add(texts: dict[str, str], name: str, content: bytes) -> None:
    if name in texts:
        raise InvalidRequestError("The form repeats a field.")
    if len(content) > _MAX_TEXT_BYTES:
        raise InvalidRequestError(f"A text of the form is longer than {_MAX_TEXT_BYTES} bytes.")
    try:
        texts[name] = content.decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidRequestError("A text of the form is not UTF-8.") from None
