"""The beginnings of files, and their `data:` URLs."""

from __future__ import annotations

import base64

PNG, JPEG, GIF = b"\x89PNG\r\n\x1a\n" + b"0" * 9, b"\xff\xd8\xff\xe0" + b"0" * 9, b"GIF89a" + b"0" * 9
WEBP, PDF, ZIP = b"RIFF\0\0\0\0WEBPVP8 ", b"%PDF-1.7 .....", b"PK\x03\x04" + b"0" * 12
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"0" * 12
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def data_url(content: bytes, type_: str = "image/png") -> str:
    return f"data:{type_};base64,{base64.b64encode(content).decode()}"
