"""Reads text files in every way that Bedrock may read them, so that no way hides a word from the guardrail."""

from __future__ import annotations

import re

TEXT_FORMATS = ("csv", "html", "md", "txt")
_OTHER_ENCODINGS = ("latin-1", "utf-16-le", "utf-16-be")
_MARKUP = ("html", "md")
_UNREADABLE = "\ufffd"
_TAG = re.compile(r"<[^<>]*+>")


def readings(content: bytes, file_format: str) -> list[str]:
    """The text of a file in one of TEXT_FORMATS. The first one is UTF-8, and usually the only one.

    Others follow if the content is not UTF-8, and of HTML and Markdown, which have escapes, and tags inside of words.
    """
    texts = [content.decode("utf-8", "replace")]
    if _UNREADABLE in texts[0] or b"\0" in content:
        others = [content.decode(encoding, "replace") for encoding in _OTHER_ENCODINGS]
        texts += [text.replace("\0", "") for text in others]
    return (
        texts + [other for text in texts for other in _of_markup(text)] if file_format in _MARKUP else texts
    )


def _of_markup(text: str) -> list[str]:
    """The text without its escapes, and without its tags before or after that: an escape may look like a tag."""
    import html  # for markup only

    plain = html.unescape(text)
    found = {plain: None, html.unescape(_TAG.sub("", text)): None, _TAG.sub("", plain): None}
    return [other for other in found if other != text]
