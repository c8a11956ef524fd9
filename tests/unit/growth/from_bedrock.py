"""Hostile input for the pure functions that read Bedrock's answers."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from chat_gateway.aws import sts_answers as readers
from chat_gateway.bedrock import errors as upstream_errors
from chat_gateway.bedrock import refusals, retry_after
from chat_gateway.completions import enumerations, reasoning, sse, stream_usage
from chat_gateway.completions.stream import ChatStream, StreamRules
from chat_gateway.converse.event_stream import EventParser
from chat_gateway.core import foreign_json
from chat_gateway.core.errors import GatewayError, UpstreamAccessError, UpstreamCredentialsError
from chat_gateway.guardrail import blocked_answer
from chat_gateway.guardrail import outcome as guardrail_outcome
from chat_gateway.http1 import head as http_head
from chat_gateway.http1.body import Body, ChunkedBody, CountedBody, UncountedBody, gather
from chat_gateway.jobs import lines as job_lines
from chat_gateway.jobs.dead_letter import dead_letter
from tests.unit import event_stream_messages
from tests.unit.chat_gateway import sts_answers
from tests.unit.growth.hostile import (
    JSON,
    TEXTS,
    Document,
    Kinds,
    changed,
    in_pieces_of,
    repeated,
    some,
)
from tests.unit.growth.measure import ANSWER_BYTES, EVENT_BYTES, HEAD_BYTES, Case, cases

_PIECE_BYTES = 512
_EVENT_FRAME_BYTES, _MOST_EVENT_HEADERS_BYTES = 256, 131_072


def all_cases() -> Iterator[Case]:
    """All cases with input from Bedrock."""
    yield from _heads()
    yield from _waits()
    yield from _bodies()
    yield from _events()
    yield from _streams()
    yield from _converse_streams()
    yield from _documents()
    yield from _errors()
    yield from _sessions()


def _sessions() -> Iterator[Case]:
    """Of STS, which an environment asks for the credentials of another account's role."""
    ends = changed(repeated(values=b"a", blanks=b" ", openings=b"<AccessKeyId>", tags=b"<Code>"), _as_xml)
    documents = changed(
        repeated(tokens=b"a"), lambda token: sts_answers.as_json(1, SessionToken=token.decode())
    )
    for kinds in (ends, documents, JSON):
        yield from cases("STS's credentials", ANSWER_BYTES, kinds, _read_session)


def _as_xml(text: bytes) -> bytes:
    return sts_answers.xml(token=text.decode())


def _read_session(body: bytes) -> None:
    with contextlib.suppress(ValueError):
        readers.session(body)
    readers.error_code(body)


def _heads() -> Iterator[Case]:
    ok = b"HTTP/1.1 200 OK\r\n"

    def heads(begin: bytes, end: bytes, **units: bytes) -> Kinds:
        return changed(repeated(**units), lambda filling: begin + filling + end)

    kinds = {
        **heads(ok, b"\r\n", fields=b"a: b\r\n", lengths=b"content-length: 1\r\n", folded=b"a: b\r\n c\r\n"),
        **heads(ok + b"a:", b"\r\n\r\n", blanks=b" ", tabs=b" \t", words=b" a", commas=b","),
        **heads(ok + b"a:", b"\0\r\n\r\n", blanks_and_a_null=b" ", words_and_a_null=b" a"),
        **heads(ok + b"a:", b"", blanks_without_an_end=b" ", words_without_an_end=b"a ", returns=b"\r"),
        **heads(ok, b"", a_name_without_an_end=b"a", colons=b":"),
        **heads(ok + b"connection:", b"\r\n\r\n", wishes=b"close ,"),
        **heads(ok + b"transfer-encoding:", b"\r\n\r\n", codings=b"chunked, "),
        **heads(ok + b"content-length:", b"\r\n\r\n", length=b"7"),
        **heads(b"HTTP/1.1 200", b"\r\n\r\n", reason=b" a"),
        **heads(b"HTTP/1.1 200 ", b"\0", reason_without_an_end=b" "),
        **heads(b"", ok + b"\r\n", interim_answers=b"HTTP/1.1 100 Continue\r\n\r\n"),
    }
    yield from cases("head", HEAD_BYTES, kinds, _read_head)


def _read_head(content: bytes) -> None:
    http_head.read(io.BufferedReader(io.BytesIO(content))).body()


def _waits() -> Iterator[Case]:
    for name in ("retry-after", "retry-after-ms"):
        yield from cases(name, HEAD_BYTES, changed(TEXTS, _as_value_of(name)), retry_after.wait_s)
    ends = repeated(dates=b"Mon, 01 Jan 2024 ", colons=b"1:", signs=b"1-", comments=b"(", zones=b"+1")
    dates = changed(ends, lambda end: {"retry-after": f"Mon, 01 Jan 2024 00:00:00 {end.decode()}"})
    yield from cases("retry-after, a date", HEAD_BYTES, dates, retry_after.wait_s)


def _as_value_of(name: str) -> Callable[[str], dict[str, str]]:
    return lambda text: {name: text}


def _bodies() -> Iterator[Case]:
    chunks = {
        **repeated(chunks=b"1\r\na\r\n", zeros=b"0", line_ends=b"\r\n"),
        **repeated(extensions=b"1" + b" ;" * 5_000 + b"\r\na\r\n"),
        **repeated(blanks=b"1" + b" " * 10_000 + b"\r\na\r\n"),
        **changed(repeated(trailers=b"a: b\r\n", trailing_blanks=b" "), lambda end: b"0\r\n" + end),
        **changed(repeated(one_chunk=b"a"), lambda data: b"fffffff\r\n" + data),
    }
    by_512 = changed(chunks, in_pieces_of(_PIECE_BYTES))
    yield from cases("chunked by 512", ANSWER_BYTES, by_512, lambda pieces: _feed(ChunkedBody(), pieces))
    by_1 = changed(some(chunks, "chunks", "extensions"), in_pieces_of(1))
    yield from cases("chunked by 1", ANSWER_BYTES, by_1, lambda pieces: _feed(ChunkedBody(), pieces))
    plain = changed(repeated(bytes=b"a"), in_pieces_of(_PIECE_BYTES))
    yield from cases("counted", ANSWER_BYTES, plain, lambda pieces: _feed(CountedBody(ANSWER_BYTES), pieces))
    yield from cases("uncounted", ANSWER_BYTES, plain, lambda pieces: _feed(UncountedBody(), pieces))


def _feed(body: Body, pieces: Iterable[bytes]) -> bytes:
    content = gather((body.feed(piece) for piece in pieces), ANSWER_BYTES)
    body.end()
    return content


def _events() -> Iterator[Case]:
    units = repeated(
        lf=b"\n",
        lf_cr_letters=b"\n\ra",
        letters=b"a",
        data_lines=b"data: x\n",
        data_lines_by_cr=b"data:\r",
        colons=b":",
        marks=b"\xef\xbb\xbf",
    )
    yield from cases("data_of", EVENT_BYTES, units, sse.data_of)
    many = {**units, **repeated(crlf=b"\r\n", events=b"data: {}\n\n", events_by_cr=b"data: {}\r\r")}
    yield from cases("events by 512", ANSWER_BYTES, changed(many, in_pieces_of(_PIECE_BYTES)), _split)
    by_one = changed(some(many, "crlf", "lf cr letters", "letters"), in_pieces_of(1))
    yield from cases("events by 1", ANSWER_BYTES, by_one, _split)
    yield from cases("event", EVENT_BYTES, some(TEXTS, "line ends", "combining marks"), sse.event)


def _split(pieces: Iterable[bytes]) -> None:
    splitter = sse.EventSplitter()
    for piece in pieces:
        splitter.feed(piece)
    splitter.rest()


def _streams() -> Iterator[Case]:
    one = changed(JSON, lambda raw: [b"data: " + raw + b"\n\n"])
    yield from cases("stream of one event", EVENT_BYTES, one, _relay)
    trace = b'"amazon-bedrock-trace":{"guardrail":{"input":{"a":{"wordPolicy":{"b":[{},{},{}]}}}}}'
    content = b'data: {"choices":[{"index":0,"delta":{"content":"%b"}}]}\n\n'
    many = {
        **repeated(words=content % b"a", openings=content % b"<reasoning>", fragments=content % b"</"),
        **repeated(blocks=b'data: {"id":"bedrock-guardrails-","choices":[{"finish_reason":"stop"}]}\n\n'),
        **repeated(traces=b"data: {" + trace + b"}\n\n", comments=b":\n\n"),
    }
    last = content.replace(b"}}]", b'},"finish_reason":"stop"}]')
    thought = content % b"<reasoning>a</reasoning>" + content % b"\\n"
    tier = b'data: {"service_tier":"standard","choices":[{"index":0,"delta":{"content":"a"}}]}\n\n'
    ends = repeated(endings=content % b"<reasoning></" + last % b"a", ends_of_thinking=thought, tiers=tier)
    many = {**many, **ends}
    yield from cases("stream", ANSWER_BYTES, changed(many, in_pieces_of(_PIECE_BYTES)), _relay)


def _relay(chunks: Iterable[bytes]) -> None:
    rules = StreamRules(shows_trace=False, separates_reasoning=True)
    stream = ChatStream(chunks, rules, bedrock_request_id=None)
    for _ in stream.relay():
        pass


def _converse_streams() -> Iterator[Case]:
    sound, smallest = (event_stream_messages.event("a", content) for content in (b"{}" * 100, b""))
    many = repeated(messages=sound, smallest_messages=smallest)
    yield from cases("event stream", ANSWER_BYTES, many, lambda stream: _parse([stream]))
    yield from cases("event stream by 512", ANSWER_BYTES, changed(many, in_pieces_of(_PIECE_BYTES)), _parse)
    by_1 = changed(some(many, "messages"), in_pieces_of(1))
    yield from cases("event stream by 1", ANSWER_BYTES, by_1, _parse)
    one = changed(repeated(a_long_payload=b"a"), lambda text: event_stream_messages.event("a", text))
    for size in (1, _PIECE_BYTES):
        pieces = changed(one, in_pieces_of(size))
        yield from cases(f"event by {size}", EVENT_BYTES - _EVENT_FRAME_BYTES, pieces, _parse)
    headers = {
        "headers": _with_headers,
        "one name": lambda size: event_stream_messages.message(b"\1a\0" * (size // 3)),
    }
    yield from cases("event's headers", _MOST_EVENT_HEADERS_BYTES, headers, lambda stream: _parse([stream]))


def _with_headers(size: int) -> bytes:
    names = (f"{number:0100}" for number in range(size // 110))
    return event_stream_messages.message(event_stream_messages.strings(dict.fromkeys(names, "a")))


def _parse(chunks: Iterable[bytes]) -> None:
    parser = EventParser()
    for chunk in chunks:
        parser.feed(chunk)
    parser.end()


def _documents() -> Iterator[Case]:
    yield from cases("foreign_json.loads", ANSWER_BYTES, JSON, foreign_json.loads)
    answers = {
        "findings": _with_findings,
        "choices": lambda size: {
            "id": "bedrock-guardrails-",
            "choices": [{"finish_reason": "stop"}] * (size // 16),
        },
        "traces": lambda size: {"a": [{"Amazon_Bedrock-Trace": {}} for _ in range(size // 30)]},
        "a long id": lambda size: {"id": "a" * size, "choices": []},
    }
    yield from cases("outcome", ANSWER_BYTES, answers, _read_outcome)
    thinking = changed(repeated(tags=b"<reasoning>", fragments=b"</", closings=b"</reasoning>\n"), _answer)
    yield from cases("reasoning.separate", ANSWER_BYTES, thinking, reasoning.separate)
    yield from cases("enumerations", ANSWER_BYTES, {"choices": answers["choices"]}, _conform)
    raws = repeated(fragments=b"trac")
    yield from cases("may_hold_trace", ANSWER_BYTES, raws, guardrail_outcome.may_hold_trace)
    constants = repeated(constants=b'{"a":NaN,')
    yield from cases("foreign_json.loads", HEAD_BYTES, constants, foreign_json.loads)


def _with_findings(size: int) -> Document:
    findings = [{"name": "a" * 100, "type": "b", "action": "c"}] * (size // 128)
    policies = {f"{number}Policy": {"a": findings[:4]} for number in range(size // 512)}
    parts = [{"topicPolicy": {"topics": findings}}, policies]
    trace = {"guardrail": {"input": {"a": parts[0]}, "outputs": [{"a": parts}]}}
    return {"id": "a", "choices": [], "amazon-bedrock-trace": trace}


def _answer(content: bytes) -> Document:
    return {"choices": [{"message": {"content": f"<reasoning>{content.decode()}"}}]}


def _conform(document: Document) -> None:
    enumerations.conform(document, enumerations.COMPLETION)
    enumerations.conform_service_tier(document)
    enumerations.text_with_service_tier("", document)


def _read_outcome(document: Document) -> None:
    outcome = guardrail_outcome.read(document)
    outcome.combined_with(outcome)
    guardrail_outcome.said(document)
    blocked_answer.present(document, is_block=True, keep_trace=False)


def _errors() -> Iterator[Case]:
    yield from cases("error", HEAD_BYTES, JSON, _read_error)
    yield from cases("error in an error", HEAD_BYTES, changed(TEXTS, _error_in_errors), _read_error)
    keys = repeated(bearers=b"bearer ", keys=b"sk-AKIA", long_keys=b"bcg-" + b"a" * 40, hyphens=b"-")
    texts = {**some(TEXTS, "combining marks", "blanks", "quotes"), **changed(keys, bytes.decode)}
    yield from cases("error event", EVENT_BYTES, changed(texts, _event_of), _read_error_event)
    yield from cases("error's headers", HEAD_BYTES, texts, _read_error_headers)
    wordings = repeated(
        actions=b"not authorized to perform: a:", resources=b"on resource: arn:aws", letters=b"a"
    )
    yield from cases("refusal", HEAD_BYTES, changed(wordings, bytes.decode), _read_refusal)
    yield from cases("dead letter", EVENT_BYTES, changed(some(TEXTS, "digits", "quotes"), _error), _bury)


def _read_refusal(message: str) -> None:
    reason = refusals.read(403, None, message).reason
    UpstreamAccessError(reason)
    UpstreamCredentialsError(reason)


def _error_in_errors(text: str) -> bytes:
    inner = json.dumps({"message": text})
    return json.dumps({"error": {"message": json.dumps({"error": {"message": inner}})}}).encode()


def _read_error(content: bytes) -> None:
    error = upstream_errors.parse(400, {}, content)
    error.headers()
    stream_usage.is_refused(error)


def _event_of(text: str) -> dict[str, Any]:
    return {"message": text, "type": text, "code": text, "param": text, "status": text}


def _read_error_event(error: dict[str, Any]) -> object:
    return upstream_errors.from_event(error, None)


def _read_error_headers(text: str) -> None:
    names = ("retry-after", "retry-after-ms", "x-amzn-requestid", "x-amzn-errortype")
    headers = dict.fromkeys(names, text)
    upstream_errors.parse(429, headers, b"")
    upstream_errors.error_class(headers)


def _error(text: str) -> GatewayError:
    error = GatewayError(text, bedrock_request_id=text)
    error.code = text
    return error


def _bury(error: GatewayError) -> None:
    message = job_lines.JobMessage(
        id="a", key="a", sender="a", receipt_handle="a", body="{}", receives=1, sent_at_s=0
    )
    dead_letter(message, error, attempts=1)
    result = job_lines.error_result(job_lines.conflict_id(error.message), None, error)
    result.line()
    result.line_pointing_to(error.message)
