"""Reads text files in every way that Bedrock may read them, so that no way hides a word from the guardrail."""

from __future__ import annotations

import re

TEXT_FORMATS = ("csv", "html", "md", "txt")
_OTHER_ENCODINGS = ("latin-1", "utf-16-le", "utf-16-be")
_UNREADABLE = "\ufffd"
_TAG = re.compile(r"<[^<>]*+>")


def readings(content: bytes, file_format: str) -> list[str]:
    """The text of a file in one of TEXT_FORMATS. The first one is UTF-8, and usually the only one.

    Others follow if the content is not UTF-8, and of HTML, which has escapes, and tags inside of words.
    """
    texts = [content.decode("utf-8", "replace")]
    if _UNREADABLE in texts[0] or b"\0" in content:
        others = [content.decode(encoding, "replace") for encoding in _OTHER_ENCODINGS]
        texts += [text.replace("\0", "") for text in others]
    if file_format == "html":
        import html  # for HTML only

        texts += [_TAG.sub("", html.unescape(text)) for text in texts]
    return texts
