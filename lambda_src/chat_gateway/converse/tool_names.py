"""Names and ids of tools as Converse allows them, for one request, and the way back.

The patterns: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolUseBlock.html
"""

from __future__ import annotations

import re
import zlib

_MAX_CHARACTERS = 64
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_ID = re.compile(r"[a-zA-Z0-9_.:-]{1,64}")
_NO_NAME_CHARACTERS = re.compile(r"[^a-zA-Z0-9_-]")
_NO_ID_CHARACTERS = re.compile(r"[^a-zA-Z0-9_.:-]")
_CHECKSUM_CHARACTERS = 8


class ToolNames:
    """The names of one request's tools. A name that Converse allows stays as it is."""

    def __init__(self) -> None:
        self._taken = _Taken(_NAME, _NO_NAME_CHARACTERS)
        self._sent: dict[str, str] = {}

    def sent(self, name: str) -> str:
        """The name that Converse gets for the caller's `name`, which is not empty: always the same one."""
        known = self._sent.get(name)
        if known is None:
            known = self._sent[name] = self._taken.like(name)
        return known

    def changed(self) -> dict[str, str]:
        """Converse's name to the caller's, of each name that was changed."""
        return {sent: name for name, sent in self._sent.items() if sent != name}


class CallIds:
    """The ids of one request's tool calls. Each is used once, since Claude refuses a repeated id."""

    def __init__(self) -> None:
        self._taken = _Taken(_ID, _NO_ID_CHARACTERS)

    def new(self, id_: str) -> str:
        """The id that Converse gets for one more call with the caller's `id_`, which is not empty."""
        return self._taken.like(id_)


class _Taken:
    """Makes texts that match a pattern, and none twice."""

    def __init__(self, allowed: re.Pattern[str], replaced: re.Pattern[str]) -> None:
        self._allowed, self._replaced = allowed, replaced
        self._texts: set[str] = set()
        self._count = 0

    def like(self, text: str) -> str:
        """`text` itself if it is allowed and free, else a text like it, which is the same in the next request."""
        chosen = text
        if text in self._texts or not self._allowed.fullmatch(text):
            checksum = zlib.crc32(text.encode("utf-8", "surrogatepass"))
            chosen = self._with_end(text, f"{checksum:0{_CHECKSUM_CHARACTERS}x}")
        while chosen in self._texts:
            self._count += 1
            chosen = self._with_end(text, str(self._count))
        self._texts.add(chosen)
        return chosen

    def _with_end(self, text: str, end: str) -> str:
        beginning = text[: _MAX_CHARACTERS - len(end) - 1]
        return f"{self._replaced.sub('_', beginning)}_{end}"
