"""Moves a model's reasoning, `<reasoning>…</reasoning>` at the start of `content`, into `reasoning_content`.

DeepSeek's API introduced the field `reasoning_content`, and clients know it.
"""

from __future__ import annotations

from typing import Any

from chat_gateway.core import choices
from chat_gateway.core.choices import MAX_CHOICES

_OPENING, _CLOSING = "<reasoning>", "</reasoning>"
_FIELD = "reasoning_content"


# The beginning of a model's id (after an inference profile's geography), and when and where it was seen.
_FAMILIES = (("openai.gpt-oss-", "2026-08-22", "recordings of chat completions on bedrock-runtime"),)
_PREFIXES = tuple(prefix for prefix, _, _ in _FAMILIES)


def is_in_content(model: str) -> bool:
    """Whether the model with this id, inference profile id or ARN writes its reasoning into `content`."""
    id_ = model.rpartition("/")[2]
    in_profile = id_.partition(".")[2]
    return id_.startswith(_PREFIXES) or in_profile.startswith(_PREFIXES)


def separate(document: dict[str, Any]) -> bool:
    """Separates the reasoning in a completion's messages. Returns whether there was any."""
    changed = False
    for choice in choices.of(document):
        message = choice.get("message")
        if not isinstance(message, dict):
            continue
        content = message.get("content")
        if isinstance(content, str) and content.startswith(_OPENING):
            thinking, _, words = content.removeprefix(_OPENING).partition(_CLOSING)
            message[_FIELD], message["content"] = thinking, words.lstrip("\n")
            changed = True
    return changed


class StreamSeparator:
    """Separates the reasoning in one stream, whose chunks may split a tag."""

    def __init__(self) -> None:
        self._texts: dict[int, _Text] = {}

    @property
    def is_past(self) -> bool:
        """Whether every choice so far is past its reasoning, so that its text needs no change."""
        return bool(self._texts) and all(text.is_past for text in self._texts.values())

    def separate(self, document: dict[str, Any]) -> bool:
        """Separates the reasoning in a chunk's deltas. Returns whether the chunk changed."""
        changed = False
        for choice in choices.of(document):
            delta = choice.get("delta")
            if isinstance(delta, dict) and self._separate_delta(choice, delta):
                changed = True
        return changed

    def rest(self) -> list[dict[str, Any]]:
        """The text still held back of choices that never ended, as the choices of one more chunk."""
        rest = []
        for index, text in self._texts.items():
            delta: dict[str, Any] = {}
            _write(delta, text.end())
            if delta:
                rest.append({"index": index, "delta": delta, "finish_reason": None})
        return rest

    def _separate_delta(self, choice: dict[str, Any], delta: dict[str, Any]) -> bool:
        index = choice.get("index")
        key = index if isinstance(index, int) and 0 <= index < MAX_CHOICES else 0
        text = self._texts.setdefault(key, _Text())
        content = delta.get("content")
        if text.is_past or (not isinstance(content, str) and not choice.get("finish_reason")):
            return False
        said = text.feed(content) if isinstance(content, str) else _NOTHING
        if choice.get("finish_reason"):
            thinking, words = text.end()
            said = (said[0] + thinking, said[1] + words)
        if said == ("", content or ""):
            return False
        _write(delta, said)
        return True


# Reasoning, and other text.
_Said = tuple[str, str]
_NOTHING: _Said = ("", "")


class _Text:
    """The text of one choice. The states: at the start, inside the tag, behind the tag, past it."""

    def __init__(self) -> None:
        self.is_past = False  # past the reasoning: text needs no change
        self._read = self._at_start
        self._kept = ""  # may be the beginning of a tag

    def feed(self, piece: str) -> _Said:
        """The reasoning and text that can be sent now. A possible beginning of a tag is held back."""
        text, self._kept = self._kept + piece, ""
        return self._read(text)

    def end(self) -> _Said:
        """What was held back: reasoning inside of the tag, else text."""
        kept, self._kept, self.is_past = self._kept, "", True
        return (kept, "") if self._read == self._inside else ("", kept)

    def _at_start(self, text: str) -> _Said:
        if text != _OPENING and _OPENING.startswith(text):
            self._kept = text
            return _NOTHING
        if not text.startswith(_OPENING):
            self.is_past = True
            return "", text
        self._read = self._inside
        return self._inside(text.removeprefix(_OPENING))

    def _inside(self, text: str) -> _Said:
        thinking, closing, words = text.partition(_CLOSING)
        if closing:
            self._read = self._behind
            return thinking, self._behind(words)[1]
        kept = next((n for n in range(len(_CLOSING) - 1, 0, -1) if text.endswith(_CLOSING[:n])), 0)
        self._kept = text[len(text) - kept :]
        return text[: len(text) - kept], ""

    def _behind(self, text: str) -> _Said:
        words = text.lstrip("\n")
        self.is_past = bool(words)
        return "", words


def _write(delta: dict[str, Any], said: _Said) -> None:
    delta.pop("content", None)
    thinking, words = said
    if thinking:
        delta[_FIELD] = thinking
    if words:
        delta["content"] = words
