"""One chat completion: guardrail on the input, generating, guardrail on the output."""

from __future__ import annotations

import copy
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from starlette.responses import Response, StreamingResponse

from .faults import FAULT_KEY, Fault
from .guardrail import Evaluation, GuardrailEvaluator, GuardrailRef, GuardrailReport, Source
from .prompt_text import PromptText
from .refusals import ConnectionDroppedError, RefusalError, server_error
from .shapes import (
    DONE,
    Answer,
    Completion,
    body_of,
    chunk_of,
    chunks_of,
    completion_id,
    encoded,
    intervention,
    sse,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from .chat_requests import ChatRequest
    from .counters import Counters
    from .generators import Generator

JsonObject = dict[str, Any]


class ChatCompletions:
    """Answers valid requests, with the faults they asked for."""

    def __init__(self, generator: Generator, guardrails: GuardrailEvaluator, counters: Counters) -> None:
        self._generator = generator
        self._guardrails = guardrails
        self._counters = counters

    async def answer(self, chat: ChatRequest, fault: Fault) -> Response:
        """The response. Raises RefusalError, or ConnectionDroppedError where `fault` says so."""
        body = _for_the_generator(chat.body)
        prompt = PromptText(body, chat.tag_suffix)
        report = GuardrailReport(chat.guardrail) if chat.guardrail else None
        blocked = await self._check_input(prompt, report)
        if blocked is not None:
            return _finished(chat, fault, intervention(chat.model, blocked, _fields(report)))
        if fault.drop == "before_generating":
            raise ConnectionDroppedError
        if chat.stream and report is None and fault.drop is None:
            return await self._relay(chat, fault, body)
        return await self._complete(chat, fault, body, report)

    async def _check_input(self, prompt: PromptText, report: GuardrailReport | None) -> str | None:
        """The guardrail's message if it blocks the input; None after masking what it masks."""
        texts = prompt.guarded()
        if report is None or not texts:
            return None
        found = await self._evaluate(report.guardrail, "INPUT", texts)
        report.inputs.append(found)
        if found.blocked:
            return found.texts[0]
        prompt.replace(found.texts)
        return None

    async def _complete(
        self, chat: ChatRequest, fault: Fault, body: JsonObject, report: GuardrailReport | None
    ) -> Response:
        """Generate all of it, then check it, then send it: AWS's synchronous mode where it streams."""
        self._counters.generation()
        completion = await self._generator.complete(body)
        if fault.drop == "after_generating":
            raise ConnectionDroppedError
        blocked = await self._check_output(completion, report)
        if blocked is not None:
            return _finished(chat, fault, intervention(chat.model, blocked, _fields(report)))
        answer = Answer(
            id=completion_id(),
            model=chat.model,
            choices=completion.choices,
            usage=completion.usage,
            guardrail_fields=_fields(report),
        )
        return _finished(chat, fault, answer)

    async def _check_output(self, completion: Completion, report: GuardrailReport | None) -> str | None:
        """The guardrail's message if it blocks the output; None after masking what it masks."""
        messages = [c["message"] for c in completion.choices if (c["message"].get("content") or "").strip()]
        if report is None or not messages:
            return None
        found = await self._evaluate(report.guardrail, "OUTPUT", [m["content"] for m in messages])
        report.outputs.append(found)
        if found.blocked:
            return found.texts[0]
        for message, text in zip(messages, found.texts, strict=True):
            message["content"] = text
        return None

    async def _evaluate(self, guardrail: GuardrailRef, source: Source, texts: list[str]) -> Evaluation:
        self._counters.guardrail_check()
        return await self._guardrails.evaluate(guardrail, source, texts)

    async def _relay(self, chat: ChatRequest, fault: Fault, body: JsonObject) -> Response:
        """Pass chunks on as they are made. The first is awaited here, so that a refusal is still a status."""
        self._counters.generation()
        made = self._generator.stream(body)
        first = await anext(made, None)
        if first is None:
            raise server_error("The generator's stream is empty.", 503)
        answer = Answer(id=completion_id(), model=chat.model, choices=[], usage={})

        async def frames() -> AsyncGenerator[bytes, None]:
            async with aclosing(made):
                yield sse(chunk_of(answer, first))
                try:
                    async for generated in made:
                        yield sse(chunk_of(answer, generated))
                except RefusalError as error:  # too late for a status
                    raise ConnectionDroppedError from error
            yield DONE

        return _streamed(frames(), fault)


def _for_the_generator(body: JsonObject) -> JsonObject:
    kept = {k: v for k, v in body.items() if k != FAULT_KEY and not k.startswith("amazon-bedrock-")}
    return copy.deepcopy(kept)


def _fields(report: GuardrailReport | None) -> JsonObject:
    return report.fields() if report else {}


def _finished(chat: ChatRequest, fault: Fault, answer: Answer) -> Response:
    if not chat.stream:
        return Response(encoded(body_of(answer)), media_type="application/json")

    async def frames() -> AsyncGenerator[bytes, None]:
        for chunk in chunks_of(answer, include_usage=chat.include_usage):
            yield sse(chunk)
        yield DONE

    return _streamed(frames(), fault)


def _streamed(frames: AsyncGenerator[bytes, None], fault: Fault) -> Response:
    sent = frames if fault.cut_after_events is None else _cut(frames, fault.cut_after_events)
    return StreamingResponse(sent, media_type="text/event-stream", headers={"cache-control": "no-cache"})


async def _cut(frames: AsyncGenerator[bytes, None], events: int) -> AsyncIterator[bytes]:
    """The first `events` frames, and then no more: raises ConnectionDroppedError."""
    async with aclosing(frames):
        for _ in range(events):
            frame = await anext(frames, DONE)
            if frame == DONE:
                break
            yield frame
    raise ConnectionDroppedError
