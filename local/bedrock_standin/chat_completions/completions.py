"""One chat completion: the guardrail on the input, the generation, the guardrail on the output."""

from __future__ import annotations

import asyncio
import copy
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from local.bedrock_standin.chat_answers.answer import Answer, body_of, completion_id, intervention
from local.bedrock_standin.chat_answers.encoding import EVENT_STREAM, encoded
from local.bedrock_standin.chat_answers.event_sources import finished, relayed, words
from local.bedrock_standin.chat_answers.guardrail_report import GuardrailReport
from local.bedrock_standin.chat_answers.stream_shaping import shaped
from local.bedrock_standin.chat_completions.prompt_text import PromptText
from local.bedrock_standin.chat_completions.quirks import ignored_parameters
from local.bedrock_standin.faults.fault import FAULT_KEY, Fault
from local.bedrock_standin.generators.completion import Completion
from local.bedrock_standin.generators.words import numbered_words, usage_in_words
from local.bedrock_standin.guardrail.evaluation import Evaluation, GuardrailEvaluator, GuardrailRef, Source
from local.bedrock_standin.refusals import ConnectionDroppedError, server_error
from local.bedrock_standin.streams.event_stream import EventStream

if TYPE_CHECKING:
    from local.bedrock_standin.chat_completions.request import ChatRequest
    from local.bedrock_standin.counters import Counters
    from local.bedrock_standin.generators.generator import Generator
    from local.bedrock_standin.streams.event_stream import Batches
    from local.bedrock_standin.streams.holds import Holds

JsonObject = dict[str, Any]


class ChatCompletions:
    """Answers valid requests, with their faults."""

    def __init__(
        self, generator: Generator, guardrails: GuardrailEvaluator, counters: Counters, holds: Holds
    ) -> None:
        self._generator = generator
        self._guardrails = guardrails
        self._counters = counters
        self._holds = holds

    async def answer(self, chat: ChatRequest, fault: Fault) -> Response:
        """The response. Raises RefusalError, and ConnectionDroppedError if `fault` asks for it."""
        body = _for_the_generator(chat.body)
        prompt = PromptText(body, chat.tag_suffix)
        for name in ignored_parameters(chat.model):  # the guardrail reads them, the model does not
            body.pop(name, None)
        report = GuardrailReport(chat.guardrail) if chat.guardrail else None
        blocked = await self._check_input(prompt, report)
        if blocked is not None:
            return self._finished(chat, fault, intervention(chat.model, blocked, _fields(report)))
        if fault.drop == "before_generating":
            raise ConnectionDroppedError
        if fault.endless or (fault.events is not None and report is None):
            return self._words(chat, fault, body)
        is_whole = report is not None or fault.drop is not None or fault.generating_s > 0
        if chat.stream and not is_whole:
            return await self._relay(chat, fault, body)
        return await self._complete(chat, fault, body, report)

    async def _check_input(self, prompt: PromptText, report: GuardrailReport | None) -> str | None:
        """The guardrail's message if the input is blocked. Else masks the input and returns None."""
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
        """Generates the whole answer, checks it, then sends it. For a stream, this is AWS's synchronous mode."""
        self._counters.generation()
        try:
            return await self._generated(chat, fault, body, report)
        except asyncio.CancelledError:
            self._counters.generation_abandoned()
            raise

    async def _generated(
        self, chat: ChatRequest, fault: Fault, body: JsonObject, report: GuardrailReport | None
    ) -> Response:
        await asyncio.sleep(fault.generating_s)
        if fault.events is not None:
            completion = numbered_words(body, fault.events)
        else:
            completion = await self._generator.complete(body)
        if fault.drop == "after_generating":
            self._counters.generation_dropped()
            raise ConnectionDroppedError
        blocked = await self._check_output(completion, report)
        if blocked is not None:
            return self._finished(chat, fault, intervention(chat.model, blocked, _fields(report)))
        answer = Answer(
            id=completion_id(),
            model=chat.model,
            choices=completion.choices,
            usage=completion.usage,
            guardrail_fields=_fields(report),
        )
        return self._finished(chat, fault, answer)

    async def _check_output(self, completion: Completion, report: GuardrailReport | None) -> str | None:
        """The guardrail's message if the output is blocked. Else masks the output and returns None."""
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
        """Passes chunks on as they come. Waits for the first one, so that a refusal can still be an HTTP status."""
        self._counters.generation()
        made = self._generator.stream(body)
        first = await anext(made, None)
        if first is None:
            raise server_error("The generator's stream is empty.", 503)
        answer = Answer(id=completion_id(), model=chat.model, choices=[], usage={})
        return self._streamed(relayed(answer, first, made), fault)

    def _words(self, chat: ChatRequest, fault: Fault, body: JsonObject) -> Response:
        """A stream of numbered words, without a guardrail check of the output."""
        self._counters.generation()
        usage = usage_in_words(body, fault.events or 0)
        answer = Answer(id=completion_id(), model=chat.model, choices=[], usage=usage)
        return self._streamed(words(answer, fault.events, include_usage=chat.include_usage), fault)

    def _finished(self, chat: ChatRequest, fault: Fault, answer: Answer) -> Response:
        if not chat.stream:
            return Response(encoded(body_of(answer)), media_type="application/json")
        return self._streamed(finished(answer, include_usage=chat.include_usage), fault)

    def _streamed(self, source: Batches, fault: Fault) -> Response:
        batches = shaped(source, fault, self._holds)
        return EventStream(batches, self._counters, media_type=EVENT_STREAM)


def _for_the_generator(body: JsonObject) -> JsonObject:
    kept = {k: v for k, v in body.items() if k != FAULT_KEY and not k.startswith("amazon-bedrock-")}
    return copy.deepcopy(kept)


def _fields(report: GuardrailReport | None) -> JsonObject:
    return report.fields() if report else {}
