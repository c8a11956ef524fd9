"""The text of a chat request that a guardrail checks, and the replacement of masked text.

Tags: docs.aws.amazon.com/bedrock/latest/userguide/guardrails-tagging.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from local.bedrock_standin.generators.chat_body import texts_of

if TYPE_CHECKING:
    from collections.abc import Iterator

JsonObject = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a text without its tags. `tagged` means that the piece was between a pair of tags."""

    text: str
    tagged: bool


def read_tags(text: str, suffix: str) -> list[Segment]:
    """The text's pieces in order. Together they are the text without the tags of this suffix.

    A tag without its partner is removed and has no effect. [?] AWS does not document this case.
    """
    name = f"amazon-bedrock-guardrails-guardContent_{suffix}"
    opening, closing = f"<{name}>", f"</{name}>"
    pair = re.compile(f"{re.escape(opening)}(.*?){re.escape(closing)}", re.DOTALL)
    # With one group in the pattern, split returns plain and tagged pieces in turn. The first piece is plain.
    pieces = [piece.replace(opening, "").replace(closing, "") for piece in pair.split(text)]
    return [Segment(piece, tagged=index % 2 == 1) for index, piece in enumerate(pieces)]


@dataclass(slots=True)
class _Slot:
    """One text in a body, at `holder[key]`."""

    holder: JsonObject
    key: str
    segments: list[Segment]

    def write(self) -> None:
        self.holder[self.key] = "".join(segment.text for segment in self.segments)


class PromptText:
    """All message text of one body. It changes the body in place, so give it a copy."""

    def __init__(self, body: JsonObject, tag_suffix: str | None) -> None:
        self._slots = [
            _Slot(holder, key, _segments(holder[key], tag_suffix)) for holder, key in texts_of(body)
        ]
        self._only_tagged = any(segment.tagged for slot in self._slots for segment in slot.segments)
        self._elsewhere = [] if self._only_tagged else list(_elsewhere(body))
        for slot in self._slots:
            slot.write()

    def guarded(self) -> list[str]:
        """The texts to evaluate: the tagged texts, or the whole prompt if no text is tagged. Blank texts are left out."""
        return [slot.segments[index].text for slot, index in self._guarded_places()] + self._elsewhere

    def replace(self, texts: list[str]) -> None:
        """Replaces the texts that `guarded` returned, in the same order and number.

        [?] Text outside messages is not replaced, because AWS does not say that it is masked.
        """
        places = list(self._guarded_places())
        for (slot, index), text in zip(places, texts[: len(texts) - len(self._elsewhere)], strict=True):
            slot.segments[index] = Segment(text, slot.segments[index].tagged)
            slot.write()

    def _guarded_places(self) -> Iterator[tuple[_Slot, int]]:
        for slot in self._slots:
            for index, segment in enumerate(slot.segments):
                if segment.text.strip() and (segment.tagged or not self._only_tagged):
                    yield slot, index


def _segments(text: str, tag_suffix: str | None) -> list[Segment]:
    return read_tags(text, tag_suffix) if tag_suffix else [Segment(text, tagged=False)]


def _elsewhere(body: JsonObject) -> Iterator[str]:
    """The strings of tools, of tool calls and of names. [?] AWS says "the whole prompt" without a definition."""
    calls = [[m.get("name"), m.get("tool_calls"), m.get("function_call")] for m in body["messages"]]
    waiting: list[Any] = [body.get("tools"), body.get("functions"), body.get("response_format"), calls]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend([*value.keys(), *value.values()])
        elif isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, str) and value.strip():
            yield value
