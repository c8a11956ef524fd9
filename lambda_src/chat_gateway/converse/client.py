"""Asks Bedrock's Converse and ConverseStream, and gives the answers the shape of Bedrock's chat completions."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from chat_gateway.bedrock.client import Completion
from chat_gateway.converse import answer as converse_answer
from chat_gateway.converse import errors, guarded, stream_events
from chat_gateway.converse.answer_check import AnswerCheck, trace_of_input
from chat_gateway.converse.apply_guardrail import GuardrailChecks, Verdict, cannot_mask
from chat_gateway.converse.event_stream import EventParser, MalformedStreamError
from chat_gateway.converse.stream_check import StreamCheck
from chat_gateway.converse.stream_events import StreamTranslator
from chat_gateway.core import foreign_json, foreign_text
from chat_gateway.core.errors import GatewayError, UpstreamProtocolError

if TYPE_CHECKING:
    import httpx

    from chat_gateway.bedrock.auth import UpstreamAuth
    from chat_gateway.bedrock.client import BedrockClient, UpstreamAnswer
    from chat_gateway.converse.call import ConverseCall
    from chat_gateway.converse.event_stream import Event
    from chat_gateway.core.foreign_text import Conceal

_EVENT_STREAM = "application/vnd.amazon.eventstream"


class ConverseStreamAnswer:
    """A stream in the shape of chat completions' events: what `UpstreamAnswer` is for the native route.

    Read the body from `chunks`, and close the answer.
    """

    def __init__(
        self,
        chunks: Iterator[bytes],
        *,
        bedrock_request_id: str | None,
        conceal: Conceal,
        upstream: UpstreamAnswer | None = None,
    ) -> None:
        self.chunks, self.bedrock_request_id = chunks, bedrock_request_id
        self.concealed, self._upstream = conceal, upstream

    def read_by(self, ends_at: float | None) -> None:
        """Limits the next reads, as `UpstreamAnswer.read_by` does."""
        if self._upstream is not None:
            self._upstream.read_by(ends_at)

    def finish(self) -> None:
        """Reads the rest of the body, so that the connection can be used again."""
        if self._upstream is not None:
            self._upstream.finish()

    def close(self) -> None:
        """Ends the exchange with Bedrock."""
        if self._upstream is not None:
            self._upstream.close()


class ConverseClient:
    """A client for Converse at the origin of chat completions. Threads may share it. Raises what BedrockClient raises."""

    def __init__(self, bedrock: BedrockClient) -> None:
        self._bedrock = bedrock

    def complete(
        self, call: ConverseCall, *, auth: UpstreamAuth, headers: Mapping[str, str], deadline: float
    ) -> Completion:
        """The whole answer to a call."""
        checks = self._checks(call, auth, deadline)
        verdict = _checked_input(call, checks)
        if verdict is not None and verdict.message is not None:
            return _blocked(call, verdict)
        accepting = {**headers, "accept": "application/json"}
        with contextlib.closing(self._ask(call, "converse", accepting, auth, deadline)) as answer:
            document = _document(self._bedrock.gathered(answer), answer.bedrock_request_id)
            if checks is not None:
                _answer_check(call, checks, verdict).check(document)
            return _shown(call, document, answer.bedrock_request_id, answer.concealed)

    def stream(
        self, call: ConverseCall, *, auth: UpstreamAuth, headers: Mapping[str, str], deadline: float
    ) -> ConverseStreamAnswer:
        """The stream of a call, once its status is 200."""
        if call.is_replayed:
            return _replayed(self.complete(call, auth=auth, headers=headers, deadline=deadline))
        checks = self._checks(call, auth, deadline)
        verdict = _checked_input(call, checks)
        if verdict is not None and verdict.message is not None:
            return _replayed(_blocked(call, verdict))
        accepting = {**headers, "accept": _EVENT_STREAM}
        answer = self._ask(call, "converse-stream", accepting, auth, deadline)
        if not answer.headers.get("content-type", "").lower().startswith(_EVENT_STREAM):
            answer.close()
            raise UpstreamProtocolError(
                "Bedrock's answer is not a stream of events.", bedrock_request_id=answer.bedrock_request_id
            )
        check = None if checks is None else StreamCheck(_answer_check(call, checks, verdict))
        chunks = _translated(call, answer, check)
        return ConverseStreamAnswer(
            chunks, bedrock_request_id=answer.bedrock_request_id, conceal=answer.concealed, upstream=answer
        )

    def _checks(self, call: ConverseCall, auth: UpstreamAuth, deadline: float) -> GuardrailChecks | None:
        if call.guardrail is None:
            return None
        identifier, version = call.guardrail
        return GuardrailChecks(
            bedrock=self._bedrock, identifier=identifier, version=version, auth=auth, deadline=deadline
        )

    def _ask(
        self,
        call: ConverseCall,
        operation: str,
        headers: Mapping[str, str],
        auth: UpstreamAuth,
        deadline: float,
    ) -> UpstreamAnswer:
        return self._bedrock.ask(
            call.content(),
            auth,
            headers,
            deadline,
            url=_url(self._bedrock.url, call.model, operation),
            read_error=errors.http_error,
        )


@lru_cache(maxsize=64)  # httpx takes 30 µs to parse a URL, longer than any other step of a request
def _url(chat_completions: httpx.URL, model: str, operation: str) -> httpx.URL:
    """One path segment for the model: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html"""
    path = f"/model/{quote(model, safe='')}/{operation}"
    return chat_completions.copy_with(raw_path=path.encode("ascii"))


def _checked_input(call: ConverseCall, checks: GuardrailChecks | None) -> Verdict | None:
    """The verdict on what Converse does not check; None if there is nothing. Puts masked texts into the call."""
    if checks is None:
        return None
    unchecked = guarded.results_and_arguments(call.body) if call.is_checked_whole else []
    rest = call.elsewhere
    texts = guarded.texts(unchecked) + ([rest] if rest else [])
    if not texts:
        return None
    verdict = checks.input(texts)
    if not verdict.is_masked:
        return verdict
    is_rest_kept = not rest or verdict.texts[-1] == rest
    fits = is_rest_kept and call.replace(unchecked, verdict.texts)
    return verdict if fits else cannot_mask(verdict)


def _answer_check(call: ConverseCall, checks: GuardrailChecks, asked: Verdict | None) -> AnswerCheck:
    return AnswerCheck(checks, asked, frozenset(guarded.offered_tools(call.body)))


def _translated(call: ConverseCall, answer: UpstreamAnswer, check: StreamCheck | None) -> Iterator[bytes]:
    parser = EventParser()
    translator = StreamTranslator(
        model=call.shown_model,
        tool_names=call.tool_names,
        id_=call.id,
        created=call.created,
        bedrock_request_id=answer.bedrock_request_id,
        conceal=answer.concealed,
    )
    try:
        for chunk in answer.chunks:
            yield from _written(parser.feed(chunk), translator, check)
        parser.end()
    except MalformedStreamError:
        raise UpstreamProtocolError(
            "Bedrock's stream cannot be read.", bedrock_request_id=answer.bedrock_request_id
        ) from None
    if written := translator.end():
        yield written


def _written(events: list[Event], translator: StreamTranslator, check: StreamCheck | None) -> Iterator[bytes]:
    """The events of one chunk together, also if one of them is an error: what came before it is passed on."""
    kept: list[bytes] = []
    try:
        for event in events:
            kept += map(translator.feed, [event] if check is None else check.released(event))
    except GatewayError:
        if written := b"".join(kept):
            yield written
        raise
    if written := b"".join(kept):
        yield written


def _replayed(completion: Completion) -> ConverseStreamAnswer:
    chunks = iter([stream_events.replayed(completion.document)])
    return ConverseStreamAnswer(
        chunks, bedrock_request_id=completion.bedrock_request_id, conceal=completion.conceal
    )


def _document(content: bytes, bedrock_request_id: str | None) -> dict[str, Any]:
    try:
        document = foreign_json.loads(content)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise UpstreamProtocolError(
            "Bedrock's answer is not JSON that the gateway can read.", bedrock_request_id=bedrock_request_id
        )
    return document


def _blocked(call: ConverseCall, verdict: Verdict) -> Completion:
    """The answer to a request that the guardrail blocked before the model was asked, as Converse has it."""
    document = {
        "output": {"message": {"role": "assistant", "content": [{"text": verdict.message or " "}]}},
        "stopReason": "guardrail_intervened",
        "usage": {"inputTokens": 0, "outputTokens": 0, "totalTokens": 0},
        "trace": trace_of_input(call.guardrail[0] if call.guardrail else "", verdict),
    }
    return _shown(call, document, verdict.bedrock_request_id, foreign_text.nothing_to_conceal)


def _shown(
    call: ConverseCall, document: dict[str, Any], bedrock_request_id: str | None, conceal: Conceal
) -> Completion:
    shown = converse_answer.completion(
        document,
        model=call.shown_model,
        tool_names=call.tool_names,
        id_=call.id,
        created=call.created,
        bedrock_request_id=bedrock_request_id,
    )
    return Completion(json.dumps(shown), shown, bedrock_request_id, conceal=conceal)
