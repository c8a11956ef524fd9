"""Holds the arguments and the reasoning of a stream until the guardrail has checked them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from chat_gateway.converse import answer_check, guarded
from chat_gateway.converse.finish_reasons import GUARDRAIL_INTERVENED
from chat_gateway.core import foreign_json
from chat_gateway.core.errors import ResponseTooLargeError

if TYPE_CHECKING:
    from chat_gateway.converse.answer_check import AnswerCheck
    from chat_gateway.converse.apply_guardrail import Verdict
    from chat_gateway.converse.event_stream import Event

# Only blocks of these kinds are held. A stream may give both the same index.
_KINDS = _TOOL_USE, _REASONING = "toolUse", "reasoningContent"
_SIGNS = tuple(f'"{kind}"'.encode() for kind in _KINDS)
# The beginnings of the JSON escapes of ASCII letters.
_ESCAPED_LETTERS = (b"\\u004", b"\\u005", b"\\u006", b"\\u007")
_NO_INDEX = -1
# What is held until a stream's end, each event counted with the size of its objects. 50,000 events fit.
_MAX_HELD_BYTES = 32 * 1024 * 1024
_EVENT_BYTES = 400
# As many as an answer in one piece may have bytes. ApplyGuardrail takes a fourth of it, and in memory a character may take
# four bytes.
_MAX_HELD_CHARACTERS = 4 * 1024 * 1024
# No call of ApplyGuardrail takes more, so longer arguments need not be read as JSON.
_MAX_CHARACTERS = 1_000_000
_DELTA, _START, _STOP = "contentBlockDelta", "contentBlockStart", "contentBlockStop"


class StreamCheck:
    """Passes a stream's text on, and releases the rest after `messageStop`, if the guardrail lets it."""

    def __init__(self, check: AnswerCheck) -> None:
        self._check = check
        self._held: list[Event] = []
        self._blocks: dict[tuple[int, str], dict[str, Any]] = {}  # what was held, by index and kind
        self._held_bytes, self._held_characters, self._is_over = 0, 0, False
        self._verdict: Verdict | None = None

    def released(self, event: Event) -> list[Event]:
        """The events to pass on now.

        Raises what `GuardrailChecks.output` raises, and ResponseTooLargeError if too much would have to be held.
        """
        if event.message_type != "event":
            return [event]
        match event.kind:
            case "contentBlockDelta" | "contentBlockStart" | "contentBlockStop":
                # What comes after the end is refused by the translator.
                return [] if not self._is_over and self._holds(event) else [event]
            case "messageStop":
                return self._at_stop(event)
            case "metadata":
                return [self._with_findings(event)]
        return [event]

    def _holds(self, event: Event) -> bool:
        """Whether the event belongs to a tool call or to reasoning, and is kept."""
        is_end = event.kind == _STOP
        if not (self._blocks if is_end else _may_be_held(event.payload)):
            return False
        document = _document(event)
        index = document.get("contentBlockIndex")
        index = index if isinstance(index, int) else _NO_INDEX
        piece = document.get("start" if event.kind == _START else "delta")
        if is_end:
            is_held = any((index, kind) in self._blocks for kind in _KINDS)
        else:
            is_held = isinstance(piece, dict) and self._add(index, piece)
        if is_held:
            self._hold(event)
        return is_held

    def _hold(self, event: Event) -> None:
        self._held.append(event)
        self._held_bytes += len(event.payload) + _EVENT_BYTES
        if self._held_bytes > _MAX_HELD_BYTES or self._held_characters > _MAX_HELD_CHARACTERS:
            raise ResponseTooLargeError("The tool calls and the reasoning are too large for the guardrail.")

    def _add(self, index: int, piece: dict[str, Any]) -> bool:
        """Adds a start or a delta to its block, unless it is of text."""
        kinds = [kind for kind in _KINDS if kind in piece]
        for kind in kinds:
            block = self._blocks.setdefault((index, kind), {"pieces": []})
            said = piece[kind] if isinstance(piece[kind], dict) else {}
            block.update({name: said[name] for name in ("toolUseId", "name") if name in said})
            words = said.get("input" if kind == _TOOL_USE else "text")
            if isinstance(words, str):
                block["pieces"].append(words)
                self._held_characters += len(words)
        return bool(kinds)

    def _at_stop(self, event: Event) -> list[Event]:
        held, self._held, self._is_over = self._held, [], True
        if not held:
            return [event]
        stop = _document(event)
        if stop.get("stopReason") == GUARDRAIL_INTERVENED:
            return [event]
        blocks = {key: _whole(key[1], block) for key, block in sorted(self._blocks.items())}
        self._verdict = verdict = self._check.verdict_on(list(blocks.values()))
        if verdict is None or (verdict.message is None and not verdict.is_masked):
            return [*held, event]
        if verdict.message is None:
            return [*_rewritten(blocks, event), event]
        text = {"contentBlockIndex": 0, "delta": {"text": verdict.message or " "}}
        blocked = {**stop, "stopReason": GUARDRAIL_INTERVENED}
        return [_event(event, _DELTA, text), _event(event, event.kind, blocked)]

    def _with_findings(self, event: Event) -> Event:
        metadata = _document(event)
        before = json.dumps(metadata)
        self._check.add_findings(metadata, self._verdict)
        return event if json.dumps(metadata) == before else _event(event, event.kind, metadata)


def _may_be_held(payload: bytes) -> bool:
    """Whether a start or a delta may be of a tool call or of reasoning. AWS writes its keys without escapes."""
    return any(sign in payload for sign in _SIGNS) or (
        b"\\u00" in payload and any(escape in payload for escape in _ESCAPED_LETTERS)
    )


def _whole(kind: str, block: dict[str, Any]) -> dict[str, Any]:
    """The block as a whole answer has it. Arguments that are no JSON object stay text, so that masking them is a block."""
    text = "".join(block["pieces"])
    if kind == _REASONING:
        return {_REASONING: {"reasoningText": {"text": text}}}
    value = guarded.json_object(text or "{}") if len(text) <= _MAX_CHARACTERS else None
    named = {name: inner for name, inner in block.items() if name != "pieces"}
    return {_TOOL_USE: {**named, "input": text if value is None else value}}


def _rewritten(blocks: dict[tuple[int, str], dict[str, Any]], like: Event) -> list[Event]:
    """The events of masked blocks."""
    events: list[Event] = []
    for (index, kind), block in blocks.items():
        if kind == _TOOL_USE:
            use = block[kind]
            start = {kind: {name: use[name] for name in ("toolUseId", "name") if name in use}}
            events.append(_event(like, _START, {"contentBlockIndex": index, "start": start}))
            delta: dict[str, Any] = {kind: {"input": json.dumps(use["input"], ensure_ascii=False)}}
        else:
            delta = {kind: {"text": block[kind]["reasoningText"]["text"]}}
        events.append(_event(like, _DELTA, {"contentBlockIndex": index, "delta": delta}))
    return events


def _event(like: Event, kind: str, document: dict[str, Any]) -> Event:
    return like._replace(kind=kind, payload=answer_check.written(document))


def _document(event: Event) -> dict[str, Any]:
    """The payload; empty if it is no JSON object, which the translator then refuses."""
    try:
        document = foreign_json.loads(event.payload)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
