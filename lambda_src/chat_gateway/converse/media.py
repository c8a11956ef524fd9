"""Images and documents from `data:` URLs, within Converse's limits.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Message.html has the limits.
"""

from __future__ import annotations

import binascii
import re
from typing import Any

from chat_gateway.converse import parameters

Block = dict[str, Any]
MAX_IMAGES, MAX_DOCUMENTS = 20, 5
MAX_IMAGE_BYTES, MAX_DOCUMENT_BYTES = 3_750_000, 4_500_000
MAX_NAME_CHARACTERS = 200
NO_NAME = "document"  # of a document whose name is not known
_HEAD = re.compile(r"data:(?P<type>[a-z]{1,16}/[a-z0-9.+-]{1,80})(?:;charset=[a-z0-9-]{1,20})?;base64")
_MAX_HEAD_CHARACTERS = 140
_BASE64 = re.compile(r"[A-Za-z0-9+/]++={0,2}")
_FIRST_CHARACTERS = 16  # 12 bytes, enough for every signature below
_PDF, _ZIP, _OLE = b"%PDF-", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# By media type or by the end of the file's name: the format, and how such a file begins. None: it is text.
_FORMATS: dict[str, tuple[str, bytes | None]] = {
    "application/pdf": ("pdf", _PDF),
    "pdf": ("pdf", _PDF),
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ("docx", _ZIP),
    "docx": ("docx", _ZIP),
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ("xlsx", _ZIP),
    "xlsx": ("xlsx", _ZIP),
    "application/msword": ("doc", _OLE),
    "doc": ("doc", _OLE),
    "application/vnd.ms-excel": ("xls", _OLE),
    "xls": ("xls", _OLE),
    "text/csv": ("csv", None),
    "csv": ("csv", None),
    "text/html": ("html", None),
    "html": ("html", None),
    "htm": ("html", None),
    "text/markdown": ("md", None),
    "md": ("md", None),
    "text/plain": ("txt", None),
    "txt": ("txt", None),
}
_BINARY_STARTS = (_PDF, _ZIP, _OLE)
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,5}\Z")
_NO_NAME_CHARACTERS = re.compile(r"[^A-Za-z0-9()\[\]-]+")


class Media:
    """The images and documents of one request: their number, and the documents' names."""

    def __init__(self) -> None:
        self._images = 0
        self._names: set[str] = set()
        self._documents = 0

    def image(self, url: object, at: str) -> Block:
        """The block of an image. Raises InvalidRequestError."""
        self._images += 1
        if self._images > MAX_IMAGES:
            raise parameters.wrong_value(at, f"a request may have at most {MAX_IMAGES} images.")
        _, encoded = _data(url, at, MAX_IMAGE_BYTES)
        kind = _image_format(_beginning(encoded))
        if kind is None:
            raise parameters.wrong_value(at, "the image must be a PNG, JPEG, GIF or WebP.")
        return {"image": {"format": kind, "source": {"bytes": encoded}}}

    def document(self, data: object, filename: object, at: str) -> Block:
        """The block of a document. Raises InvalidRequestError. `at`: the place of `file`."""
        place = f"{at}.file_data"
        self._documents += 1
        if self._documents > MAX_DOCUMENTS:
            raise parameters.wrong_value(place, f"a request may have at most {MAX_DOCUMENTS} files.")
        if filename is not None and not isinstance(filename, str):
            raise parameters.wrong_type(f"{at}.filename", "a string")
        type_, encoded = _data(data, place, MAX_DOCUMENT_BYTES)
        kind = _document_format(type_, filename or "", _beginning(encoded), place)
        name = self._unique(_name(filename or ""))
        return {"document": {"format": kind, "name": name, "source": {"bytes": encoded}}}

    def _unique(self, name: str) -> str:
        unique, number = name, 1
        while unique in self._names:
            number += 1
            end = f" ({number})"
            unique = name[: MAX_NAME_CHARACTERS - len(end)].rstrip() + end
        self._names.add(unique)
        return unique


def _data(url: object, at: str, max_bytes: int) -> tuple[str, str]:
    """A data URL's media type and its base64."""
    if not isinstance(url, str):
        raise parameters.wrong_type(at, "a string")
    comma = url.find(",", 0, _MAX_HEAD_CHARACTERS)
    head = _HEAD.fullmatch(url[:comma].lower()) if comma > 0 else None
    if head is None:
        raise parameters.unsupported(
            at,
            "The gateway fetches no URLs. Send the content itself, as data:TYPE/SUBTYPE;base64,CONTENT.",
        )
    encoded = url[comma + 1 :]
    if len(encoded) % 4 or not _BASE64.fullmatch(encoded):
        raise parameters.wrong_value(at, "the content must be base64 of whole bytes, without line breaks.")
    if len(encoded) // 4 * 3 - encoded.count("=", -2) > max_bytes:
        raise parameters.wrong_value(at, f"the content may have at most {max_bytes:,} bytes.")
    return head["type"], encoded


def _beginning(encoded: str) -> bytes:
    return binascii.a2b_base64(encoded[:_FIRST_CHARACTERS])


def _image_format(beginning: bytes) -> str | None:
    """The format by its signature, since Bedrock refuses a wrong label: https://mimesniff.spec.whatwg.org/#matching-an-image-type-pattern."""
    if beginning.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if beginning.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if beginning.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    return "webp" if beginning[:4] == b"RIFF" and beginning[8:12] == b"WEBP" else None


def _document_format(type_: str, filename: str, beginning: bytes, at: str) -> str:
    """The format. The signature decides between a PDF, an Office file and text; the label decides between those."""
    if beginning.startswith(_PDF):
        return "pdf"
    extension = filename[-16:].rpartition(".")[2].lower()
    # Windows calls CSV files Excel's, so the second label counts if the first one contradicts the content.
    for label in (type_, extension):
        kind, start = _FORMATS.get(label, (None, None))
        if kind is not None and _agrees(beginning, start):
            return kind
    raise parameters.wrong_value(
        at, "the file must be PDF, CSV, DOC, DOCX, XLS, XLSX, HTML, TXT or Markdown, as its media type says."
    )


def _agrees(beginning: bytes, start: bytes | None) -> bool:
    if start is not None:
        return beginning.startswith(start)
    return not beginning.startswith(_BINARY_STARTS) and b"\0" not in beginning


def _name(filename: str) -> str:
    """The file's name without its extension, of the characters that Converse allows."""
    stem = _EXTENSION.sub("", filename[-1024:])
    return _NO_NAME_CHARACTERS.sub(" ", stem).strip()[:MAX_NAME_CHARACTERS].strip() or NO_NAME
