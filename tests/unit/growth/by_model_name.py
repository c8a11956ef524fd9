"""Hostile input for what reads an answer to a request by a model name, and for the texts of the names."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from chat_gateway.bedrock import errors as upstream_errors
from chat_gateway.completions import shown_model
from chat_gateway.completions.stream import ChatStream, StreamRules
from chat_gateway.core import foreign_json
from chat_gateway.core.errors import UpstreamCredentialsError
from chat_gateway.model_names import failures, first_event, settings
from chat_gateway.model_names.settings import Target
from tests.unit.growth.hostile import JSON, TEXTS, changed, in_pieces_of, repeated, some
from tests.unit.growth.measure import ANSWER_BYTES, EVENT_BYTES, HEAD_BYTES, Case, cases

_NAME = "fast"
_PIECE_BYTES = 512
# Lambda takes 4 KB: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_VARIABLES_BYTES = 4_096


def all_cases() -> Iterator[Case]:
    """All cases with input that only requests by name let in, and with their settings."""
    yield from _settings()
    yield from _failures()
    yield from _first_events()
    yield from _models()
    yield from _streams()


def _settings() -> Iterator[Case]:
    targets = repeated(targets=b'["a.b","us-west-2",1,0.5],', digits=b"7", brackets=b"[")
    names = changed(targets, lambda rows: f'{{"a":[{rows.decode().removesuffix(",")}]}}')
    texts = {**names, **changed(some(JSON, "distinct keys", "open lists", "a repeated key"), bytes.decode)}
    yield from cases("names", _VARIABLES_BYTES, texts, _read_names)
    values = changed(
        some(TEXTS, "combining marks", "digits", "blanks"), lambda text: json.dumps({text: [[text]]})
    )
    yield from cases("names, values", _VARIABLES_BYTES, values, _read_names)
    regions = changed(repeated(letters=b"a", slashes=b"/", marks=b"!"), _region)
    yield from cases("regions", _VARIABLES_BYTES, {**texts, **regions}, _read_regions)


def _region(text: bytes) -> str:
    said = text.decode()
    return json.dumps({"us-west-2": [[said[:100], "1"], f"https://{said}"]})


def _read_names(text: str) -> None:
    settings.names_to_text(settings.names_from_text(text))


def _read_regions(text: str) -> None:
    settings.regions_to_text(settings.regions_from_text(text))


def _failures() -> Iterator[Case]:
    ends = repeated(words=b"a ", letters=b"a", models=b"model ", lives=b"end of life ", model=b"a model a")
    messages = {**changed(ends, bytes.decode), **some(TEXTS, "line ends", "combining marks")}
    yield from cases("is_gone", HEAD_BYTES, messages, _judge)


def _judge(message: str) -> None:
    error = upstream_errors.parse(400, {}, json.dumps({"message": message}).encode())
    failures.is_the_targets(error, Target("a.b"))
    failures.is_of_region(UpstreamCredentialsError(message, is_refusal=True), Target("a.b", "us-west-2"))


class _Answer:
    """An answer in pieces."""

    bedrock_request_id: str | None = None

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self.chunks = iter(chunks)

    def concealed(self, text: str, /) -> str:
        return text

    def read_by(self, ends_at: float | None) -> None:
        pass

    def finish(self) -> None:
        pass

    def close(self) -> None:
        pass


def _first_events() -> Iterator[Case]:
    units = repeated(
        comments=b":\n\n",
        comments_by_cr=b":\r\r",
        line_ends=b"\r\n",
        returns=b"\r",
        letters=b"a",
        data_lines=b"data: x\n",
        errors=b'data: {"error": {}}\n\n',
        events=b'data: {"choices": []}\n\n',
        marks=b"\xef\xbb\xbf",
    )
    yield from cases("begun by 512", ANSWER_BYTES, changed(units, in_pieces_of(_PIECE_BYTES)), _begin)
    by_1 = changed(some(units, "comments", "line ends", "letters"), in_pieces_of(1))
    yield from cases("begun by 1", ANSWER_BYTES, by_1, _begin)
    one = changed(JSON, lambda raw: [b": a\n\ndata: " + raw + b"\n\n"])
    yield from cases("begun with one event", EVENT_BYTES, one, _begin)


def _begin(chunks: Iterable[bytes]) -> None:
    stream = first_event.begun(_Answer(chunks), ends_at=1)
    for _ in stream.chunks:
        pass
    stream.read_by(None)
    stream.concealed("a")
    stream.finish()
    stream.close()


def _models() -> Iterator[Case]:
    """Completions and events whose model is long, escaped, or named again in their other members."""
    filling = repeated(values=b'"model",', inner=b'{"model": "a.b"},', texts=b'"\\"model\\":\\"a.b\\"",')
    inside = changed(filling, lambda text: b'{"model":"a.b","x":[' + text.rstrip(b",:") + b"]}")
    members = repeated(again=b'"model":"a.b",', others=b'"models":"a.b",', objects=b'"x":{"model": "a.b"},')
    beside = changed(members, lambda text: b"{" + text + b'"model":"a.b"}')
    names = repeated(a_long_name=b"a", escapes=b"\\u0041")
    long = changed(names, lambda text: b'{"model":"' + text + b'"}')
    yield from cases("shown model", ANSWER_BYTES, {**inside, **beside, **long}, _show)


def _show(text: bytes) -> None:
    document = foreign_json.loads(text)
    shown_model.text_with_model(text.decode(), dict(document), _NAME)
    shown_model.bytes_with_model(text, document, _NAME)


def _streams() -> Iterator[Case]:
    event = b'data: {"model":"%b","choices":[{"index":0,"delta":{"content":"%b"}}]}\n\n'
    call = b'data: {"model":"a.b","choices":[{"index":0,"delta":{"tool_calls":[{"index":0}]}}]}\n\n'
    many = repeated(
        words=event % (b"a.b", b"a"),
        models=event % (b"a" * 2_000, b"a") + event % (b"b" * 3_000, b"a"),
        keys=event % (b"a.b", b'\\"model\\":'),
        calls=call,
        spaced=call.replace(b":", b": ").replace(b"data:  ", b"data: "),
        unnamed=b'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n',
        tiers=b'data: {"model":"a.b","service_tier":"standard","choices":[{"index":0,"delta":{}}]}\n\n',
    )
    yield from cases("stream by name", ANSWER_BYTES, changed(many, in_pieces_of(_PIECE_BYTES)), _relay)
    one = changed(
        some(JSON, "objects", "one string", "distinct keys"), lambda raw: [b"data: " + raw + b"\n\n"]
    )
    yield from cases("stream of one event by name", EVENT_BYTES, one, _relay)


def _relay(chunks: Iterable[bytes]) -> None:
    stream = ChatStream(chunks, StreamRules(separates_reasoning=True, model=_NAME), bedrock_request_id=None)
    for _ in stream.relay():
        pass
