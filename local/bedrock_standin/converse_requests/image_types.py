"""Tells an image's type by its first bytes."""

from __future__ import annotations

_RIFF_HEAD_BYTES = 8


def image_type(content: bytes) -> str | None:
    """The name of the format as in a request: png, jpeg, gif or webp; None for anything else."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if content.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if content.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    is_webp = content.startswith(b"RIFF") and content[_RIFF_HEAD_BYTES:].startswith(b"WEBP")
    return "webp" if is_webp else None
