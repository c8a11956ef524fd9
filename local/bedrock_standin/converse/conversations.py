"""One answer of Converse or ConverseStream: the guardrail on the input, the generation, the guardrail on the output."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response

from local.bedrock_standin.converse.chat_body import chat_body
from local.bedrock_standin.converse.completed import completed
from local.bedrock_standin.converse.guarded_text import GuardedText
from local.bedrock_standin.converse.prompt_cache import PromptCache
from local.bedrock_standin.converse.reasoning import reasoning_block, reasoning_words
from local.bedrock_standin.converse.response_fields import echoed, model_fields
from local.bedrock_standin.converse.sources import finished, relayed, words
from local.bedrock_standin.converse.usage import NO_USAGE, usage_of
from local.bedrock_standin.converse_answers.answer import Answer, body_of
from local.bedrock_standin.converse_answers.frames import EVENT_STREAM
from local.bedrock_standin.converse_answers.guardrail_trace import GuardrailTrace
from local.bedrock_standin.converse_answers.relay import Relay
from local.bedrock_standin.converse_answers.stream_shaping import shaped
from local.bedrock_standin.generators.words import numbered_words, usage_in_words
from local.bedrock_standin.refusals import ConnectionDroppedError, server_error
from local.bedrock_standin.streams.event_stream import EventStream

if TYPE_CHECKING:
    from local.bedrock_standin.converse_answers.events import Events
    from local.bedrock_standin.converse_requests.request import ConverseRequest
    from local.bedrock_standin.counters import Counters
    from local.bedrock_standin.faults.converse_fault import ConverseFault
    from local.bedrock_standin.generators.completion import Completion
    from local.bedrock_standin.generators.generator import Generator
    from local.bedrock_standin.guardrail.evaluation import Evaluation, GuardrailEvaluator, Source
    from local.bedrock_standin.guardrail.treatment import GuardrailTreatment
    from local.bedrock_standin.streams.holds import Holds

JsonObject = dict[str, Any]


class Conversations:
    """Answers valid requests, with their faults."""

    def __init__(
        self,
        generator: Generator,
        guardrails: GuardrailEvaluator,
        treatment: GuardrailTreatment,
        counters: Counters,
        holds: Holds,
    ) -> None:
        self._generator = generator
        self._guardrails = guardrails
        self._treatment = treatment
        self._counters = counters
        self._holds = holds
        self._cache = PromptCache()

    async def answer(self, request: ConverseRequest, fault: ConverseFault) -> Response:
        """The response. Raises RefusalError, and ConnectionDroppedError if `fault` asks for it."""
        trace = self._trace(request)
        blocked = await self._check_input(request, trace)
        if blocked is not None:
            return self._intervened(request, fault, blocked, trace, NO_USAGE)
        if fault.drop == "before_generating":
            raise ConnectionDroppedError
        if fault.endless or (fault.events is not None and trace is None):
            return self._words(request, fault)
        is_whole = trace is not None or fault.drop is not None or fault.generating_s > 0 or request.reasons()
        if request.stream and not is_whole:
            return await self._relay(request, fault)
        return await self._complete(request, fault, trace)

    def _trace(self, request: ConverseRequest) -> GuardrailTrace | None:
        if request.guardrail is None:
            return None
        self._treatment.check_permission()
        return None if self._treatment.ignored else GuardrailTrace(request.guardrail)

    async def _check_input(self, request: ConverseRequest, trace: GuardrailTrace | None) -> str | None:
        """The guardrail's message if the input is blocked. Else masks the input and returns None."""
        guarded = GuardedText(request.body)
        if trace is None or not guarded.texts():
            return None
        found = await self._evaluate(trace, "INPUT", guarded.texts())
        trace.inputs.append(found)
        if found.blocked:
            return found.texts[0]
        guarded.replace(found.texts)
        return None

    async def _evaluate(self, trace: GuardrailTrace, source: Source, texts: list[str]) -> Evaluation:
        self._counters.guardrail_check()
        return await self._guardrails.evaluate(trace.guardrail, source, texts)

    async def _complete(
        self, request: ConverseRequest, fault: ConverseFault, trace: GuardrailTrace | None
    ) -> Response:
        """Generates the whole answer, checks it, then sends it. For a stream, this is AWS's synchronous mode."""
        self._counters.generation()
        try:
            return await self._generated(request, fault, trace)
        except asyncio.CancelledError:
            self._counters.generation_abandoned()
            raise

    async def _generated(
        self, request: ConverseRequest, fault: ConverseFault, trace: GuardrailTrace | None
    ) -> Response:
        started = time.perf_counter()
        await asyncio.sleep(fault.generating_s)
        completion = await self._completion(request, fault)
        if fault.drop == "after_generating":
            self._counters.generation_dropped()
            raise ConnectionDroppedError
        reasoning, content = reasoning_block(request, completion), completed(completion)
        tokens = reasoning_words(reasoning)
        usage = self._usage(request, completion.usage, tokens)
        blocked = await self._check_output(content.blocks, trace)
        if blocked is not None:
            return self._intervened(request, fault, blocked, trace, usage)
        answer = Answer(
            blocks=([reasoning] if reasoning else []) + content.blocks,
            stop_reason=content.stop_reason,
            usage=usage,
            latency_ms=_elapsed_ms(started),
            model_fields=model_fields(request, tokens),
            trace=trace.trace() if trace else None,
            echoed=echoed(request),
        )
        return self._finished(request, fault, answer)

    async def _completion(self, request: ConverseRequest, fault: ConverseFault) -> Completion:
        body = chat_body(request)
        if fault.events is not None:
            return numbered_words(body, fault.events)
        return await self._generator.complete(body)

    def _usage(
        self, request: ConverseRequest, generated: JsonObject, reasoning_tokens: int = 0
    ) -> JsonObject:
        return usage_of(request.model.family, generated, self._cache.use(request), reasoning_tokens)

    async def _check_output(self, blocks: list[JsonObject], trace: GuardrailTrace | None) -> str | None:
        """The guardrail's message if the text is blocked. Else masks the text and returns None.

        Tool calls and reasoning are never assessed.
        """
        texts = [block for block in blocks if block.get("text", "").strip()]
        if trace is None or not texts:
            return None
        trace.model_output = [block["text"] for block in texts]
        found = await self._evaluate(trace, "OUTPUT", trace.model_output)
        trace.outputs.append(found)
        if found.blocked:
            return found.texts[0]
        for block, text in zip(texts, found.texts, strict=True):
            block["text"] = text
        return None

    async def _relay(self, request: ConverseRequest, fault: ConverseFault) -> Response:
        """Passes pieces on as they come. Waits for the first one, so that a refusal can still be an HTTP status."""
        self._counters.generation()
        metadata = partial(self._metadata, request, time.perf_counter())
        made = self._generator.stream(chat_body(request))
        first = await anext(made, None)
        if first is None:
            raise server_error("The generator's stream is empty.", 503)
        return self._streamed(relayed(Relay(), first, made, metadata), fault)

    def _metadata(self, request: ConverseRequest, started: float, generated: JsonObject) -> JsonObject:
        usage = self._usage(request, generated)
        return {"usage": usage, "metrics": {"latencyMs": _elapsed_ms(started)}, **echoed(request)}

    def _words(self, request: ConverseRequest, fault: ConverseFault) -> Response:
        """A stream of numbered words, without a guardrail check of the output."""
        self._counters.generation()
        generated = usage_in_words(chat_body(request), fault.events or 0)
        metadata = self._metadata(request, time.perf_counter(), generated)
        return self._streamed(words(fault.events, metadata), fault)

    def _intervened(
        self,
        request: ConverseRequest,
        fault: ConverseFault,
        message: str,
        trace: GuardrailTrace | None,
        usage: JsonObject,
    ) -> Response:
        """The answer that replaces a blocked one: HTTP 200, as recorded."""
        answer = Answer(
            blocks=[{"text": message}],
            stop_reason="guardrail_intervened",
            usage=usage,
            latency_ms=0,
            trace=trace.trace() if trace else None,
            echoed=echoed(request),
        )
        return self._finished(request, fault, answer)

    def _finished(self, request: ConverseRequest, fault: ConverseFault, answer: Answer) -> Response:
        return self._streamed(finished(answer), fault) if request.stream else JSONResponse(body_of(answer))

    def _streamed(self, source: Events, fault: ConverseFault) -> Response:
        return EventStream(shaped(source, fault, self._holds), self._counters, media_type=EVENT_STREAM)


def _elapsed_ms(started: float) -> int:
    return round((time.perf_counter() - started) * 1000)
