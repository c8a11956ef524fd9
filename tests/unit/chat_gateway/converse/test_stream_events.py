"""A ConverseStream becomes a native stream: OpenAI's types read its chunks, and our relay its outcome."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletionChunk

from chat_gateway.completions.stream import ChatStream, StreamRules
from chat_gateway.converse.answer import completion
from chat_gateway.converse.event_stream import Event, EventParser
from chat_gateway.converse.stream_events import StreamTranslator, replayed
from chat_gateway.core import foreign_json
from chat_gateway.core.errors import (
    GatewayError,
    UpstreamConnectionError,
    UpstreamError,
    UpstreamProtocolError,
)
from tests.unit.chat_gateway.converse_events import (
    BLOCKED_WORDS,
    METADATA,
    PADDING,
    START,
    STOP,
    answer,
    arguments,
    block_delta,
    block_stop,
    call,
    event,
    exception,
    metadata,
    pii_trace,
    stop,
    thought,
    tool_use,
    words,
)
from tests.unit.event_stream_messages import message, strings

USAGE = {"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8}
DONE = b"data: [DONE]\n\n"


def translator(
    tool_names: Mapping[str, str] | None = None, model: str = "eu.anthropic.claude"
) -> StreamTranslator:
    return StreamTranslator(
        model=model, tool_names=tool_names or {}, id_="chatcmpl-1", created=7, bedrock_request_id="r"
    )


def translated(events: Iterable[Event], **tool_names: str) -> Iterator[bytes]:
    stream = translator(tool_names)
    for each in events:
        yield stream.feed(each)
    yield stream.end()


class Seen:
    """What a caller sees of a stream: its chunks, and the error that ended it. `stream` is the relay after its end."""

    def __init__(self, pieces: Iterable[bytes], **rules: Any) -> None:
        said = StreamRules(**{"shows_usage": True, "shows_trace": False, **rules})
        self.stream = ChatStream(pieces, said, bedrock_request_id="r")
        self.error: GatewayError | None = None
        sent: list[bytes] = []
        try:
            sent.extend(self.stream.relay())
        except GatewayError as error:
            self.error = error
        self.bytes = b"".join(sent)
        data = [part.removeprefix(b"data: ") for part in self.bytes.split(b"\n\n") if part]
        self.is_done = data[-1:] == [b"[DONE]"]
        self.chunks = [json.loads(text) for text in data if text != b"[DONE]"]
        for chunk in self.chunks:
            ChatCompletionChunk.model_validate(chunk, strict=True)

    @property
    def deltas(self) -> list[dict[str, Any]]:
        return [choice["delta"] for chunk in self.chunks for choice in chunk["choices"]]

    @property
    def finishes(self) -> list[str]:
        reasons = [choice["finish_reason"] for chunk in self.chunks for choice in chunk["choices"]]
        return [reason for reason in reasons if reason is not None]

    def joined(self, field: str = "content") -> str:
        return "".join(delta.get(field, "") for delta in self.deltas)

    @property
    def calls(self) -> list[tuple[str, str, str]]:
        """The id, name and arguments of each tool call, put together by their index as the SDKs do."""
        calls: list[list[str]] = []
        for part in (part for delta in self.deltas for part in delta.get("tool_calls", ())):
            if "id" in part:
                assert part["index"] == len(calls)
                calls.append([part["id"], part["function"]["name"], ""])
            calls[part["index"]][2] += part["function"]["arguments"]
        return [(id_, name, text) for id_, name, text in calls]


def seen(*events: Event, shows_usage: bool = True, **tool_names: str) -> Seen:
    return Seen(translated(events, **tool_names), shows_usage=shows_usage)


def test_a_stream_of_words() -> None:
    """The role comes first, each text as its own chunk, then the finish, the usage and the end."""
    caller = seen(START, words("hel"), words("lo é"), block_stop(), STOP, METADATA)
    assert caller.deltas == [
        {"role": "assistant", "content": ""},
        {"content": "hel"},
        {"content": "lo é"},
        {},
    ]
    assert (caller.finishes, caller.chunks[-1]["usage"], caller.is_done) == (["stop"], USAGE, True)
    assert {(c["id"], c["created"], c["model"]) for c in caller.chunks} == {
        ("chatcmpl-1", 7, "eu.anthropic.claude")
    }
    assert (caller.stream.usage, caller.stream.lacks_done, caller.error) == (USAGE, False, None)


def test_each_event_is_passed_on_when_it_comes() -> None:
    """Only the end waits, for the metadata."""
    stream = translator()
    sizes = [len(stream.feed(each)) > 0 for each in (START, words("a"), block_stop(), STOP, METADATA)]
    assert sizes == [True, True, False, False, True]
    assert stream.end() == b""


def test_words_are_relayed_without_being_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Events with words differ only in their words, so our relay parses the first of them alone."""
    stream = translator()
    texts = ("a", 'quote " and \\', "é🦉\ud800", "\n\0", "a trace")
    events = [stream.feed(each) for each in (START, *map(words, texts))]
    parsed: list[bytes] = []

    def counted(data: bytes) -> object:
        parsed.append(data)
        return json.loads(data)

    monkeypatch.setattr(foreign_json, "loads", counted)
    relay = ChatStream(events, StreamRules(), bedrock_request_id=None).relay()
    assert [next(relay) for _ in events] == events
    assert parsed == [each.removeprefix(b"data: ").strip() for each in events[:2]]


def test_parallel_tool_calls() -> None:
    """Calls are counted from 0, whatever other blocks there are, and their pieces may alternate."""
    caller = seen(
        START,
        words("let me see"),
        block_stop(),
        call(1, "a", "short_1"),
        arguments(1, ""),
        arguments(1, '{"city":'),
        call(2, "b"),
        arguments(2, "{}"),
        arguments(1, ' "Oslo"}'),
        stop("tool_use"),
        METADATA,
        short_1="mcp.long.name",
    )
    assert caller.calls == [("a", "mcp.long.name", '{"city": "Oslo"}'), ("b", "weather", "{}")]
    assert (caller.finishes, caller.is_done) == (["tool_calls"], True)


@pytest.mark.parametrize("ending", [(block_stop(1), STOP), (stop("tool_use"),), (call(1, "b"), STOP)])
def test_a_call_without_pieces_has_an_empty_object(ending: tuple[Event, ...]) -> None:
    """A model that writes no arguments wrote `{}`, wherever its block ends."""
    caller = seen(START, call(1, "a"), *ending, METADATA)
    assert {text for _, _, text in caller.calls} == {"{}"}
    assert caller.finishes == ["tool_calls"]


def test_reasoning_has_its_own_field() -> None:
    """The reasoning's text goes into `reasoning_content`; signatures and redacted parts go nowhere."""
    hidden = [block_delta(0, reasoningContent={name: "SIGNED"}) for name in ("signature", "redactedContent")]
    caller = seen(
        START, thought("hm, "), thought("so"), *hidden, block_stop(), words("yes", 1), STOP, METADATA
    )
    assert (caller.joined("reasoning_content"), caller.joined()) == ("hm, so", "yes")
    assert b"SIGNED" not in caller.bytes


@pytest.mark.parametrize("shows_usage", [True, False])
def test_a_block_has_its_one_shape(shows_usage: bool) -> None:
    """A block streams the guardrail's text, ends with `content_filter`, and is recorded with its findings."""
    trace = pii_trace("BLOCKED")
    end = (stop("guardrail_intervened"), metadata(trace=trace))
    caller = seen(START, words(BLOCKED_WORDS), *end, shows_usage=shows_usage)
    assert (caller.joined(), caller.finishes) == (BLOCKED_WORDS, ["content_filter"])
    assert caller.chunks[-1]["amazon-bedrock-guardrailAction"] == "INTERVENED"
    outcome = caller.stream.guardrail_outcome
    assert (outcome.action, outcome.acted) == ("INTERVENED", frozenset({"sensitiveInformationPolicy"}))
    assert b"trace" not in caller.bytes


def test_a_block_without_a_trace_is_one() -> None:
    """The stop reason alone says that the guardrail intervened."""
    caller = seen(START, words(BLOCKED_WORDS), stop("guardrail_intervened"), METADATA)
    assert (caller.finishes, caller.stream.guardrail_outcome.action) == (["content_filter"], "INTERVENED")


@pytest.mark.parametrize(
    ("trace", "action"),
    [(pii_trace("ANONYMIZED"), "MASKED"), (pii_trace("NONE"), "NONE"), (None, None)],
)
@pytest.mark.parametrize("shows_usage", [True, False])
def test_masking_is_known_from_the_metadata(trace: object, action: str | None, shows_usage: bool) -> None:
    """A masked stream ends as it would have, and is recorded as masked."""
    caller = seen(START, words("{EMAIL}"), STOP, metadata(trace=trace), shows_usage=shows_usage)
    assert (caller.finishes, caller.stream.guardrail_outcome.action) == (["stop"], action)
    assert b"SECRET" not in b"".join(translated([START, STOP, metadata(trace=trace)]))


def test_a_block_in_the_trace_alone_ends_as_a_block() -> None:
    """If only the trace says that something was blocked, the finish reason says it too."""
    assert seen(START, words("x"), STOP, metadata(trace=pii_trace("BLOCKED"))).finishes == ["content_filter"]


def test_usage_is_for_who_asked() -> None:
    """A caller that did not ask for the usage gets no chunk without choices; the usage is counted nevertheless."""
    caller = seen(START, words("hi"), STOP, METADATA, shows_usage=False)
    assert all(chunk["choices"] for chunk in caller.chunks)
    assert (caller.stream.usage, caller.is_done) == (USAGE, True)


def test_reasoning_tokens_and_the_tier_are_said() -> None:
    """The counts of the last two events make one usage, and the tier has OpenAI's name."""
    fields = {"usage": {"output_tokens_details": {"thinking_tokens": 4}}}
    end = (stop(additionalModelResponseFields=fields), metadata(serviceTier={"type": "priority"}))
    last = seen(START, words("hi"), *end).chunks[-1]
    assert last["usage"]["completion_tokens_details"] == {"reasoning_tokens": 4}
    assert last["service_tier"] == "priority"


@pytest.mark.parametrize(("model", "tokens"), [("openai.gpt-5.6", 10), ("anthropic.claude", 18)])
def test_cached_tokens_are_counted_once(model: str, tokens: int) -> None:
    """Cached tokens are added to the prompt, unless the model's stream has them there already."""
    stream = translator(model=model)
    counts = {"inputTokens": 10, "outputTokens": 1, "cacheReadInputTokens": 8}
    caller = Seen([stream.feed(each) for each in (START, STOP, metadata(usage=counts))])
    assert caller.stream.usage is not None
    assert caller.stream.usage["prompt_tokens"] == tokens


def test_without_metadata_the_answer_is_complete() -> None:
    """A stream that ends after `messageStop` has a finish and no usage, and its outcome is unknown."""
    caller = seen(START, words("hi"), STOP)
    assert (caller.finishes, caller.is_done, caller.error) == (["stop"], True, None)
    assert (caller.stream.usage, caller.stream.guardrail_outcome.action) == (None, None)


@pytest.mark.parametrize("shown", [(), (START,), (START, words("hi")), (words("hi"), METADATA)])
def test_a_stream_without_its_end_was_cut(shown: tuple[Event, ...]) -> None:
    """Without `messageStop` the caller gets what came, no `[DONE]`, and an error."""
    caller = seen(*shown)
    assert isinstance(caller.error, UpstreamConnectionError)
    assert (caller.finishes, caller.is_done, caller.error.bedrock_request_id) == ([], False, "r")


def test_an_exception_that_comes_first_is_alone() -> None:
    """Before an exception as the first event nothing is sent, so that it can be the status of the answer."""
    caller = seen(exception("validationException", "The text field is blank"))
    assert isinstance(caller.error, UpstreamError)
    assert (caller.bytes, caller.error.status, caller.error.message) == (b"", 400, "The text field is blank")


def test_a_later_exception_is_no_end() -> None:
    """An exception after output, even after the finish, is an error and no ordinary end."""
    for before in ((START, words("hi")), (START, words("hi"), STOP)):
        caller = seen(*before, exception("modelStreamErrorException"))
        assert isinstance(caller.error, UpstreamError)
        assert (caller.joined(), caller.finishes, caller.is_done, caller.error.status) == (
            "hi",
            [],
            False,
            502,
        )


def test_nothing_after_the_metadata_counts() -> None:
    """The metadata is the end: an event after it changes nothing."""
    stream = translator()
    whole = b"".join(map(stream.feed, (START, words("hi"), STOP, METADATA)))
    assert whole.endswith(DONE)
    assert stream.feed(words("late")) + stream.feed(exception("throttlingException")) + stream.end() == b""


def test_recorded_quirks() -> None:
    """Padding, blocks without an end, a missing start, and kinds of events and deltas that are new."""
    new = (
        event("newEvent", x=1),
        block_delta(0, citation={"title": "t"}),
        block_delta(0, image={}),
        block_delta(0),
    )
    caller = seen(
        words("a"), *new, event("contentBlockStart", start={"image": {}}), words("b", 3), METADATA, STOP
    )
    assert (caller.joined(), caller.finishes, caller.chunks[-1]["usage"]) == ("ab", ["stop"], USAGE)
    assert caller.deltas[0] == {"role": "assistant", "content": ""}
    assert PADDING["p"].encode() not in caller.bytes


@pytest.mark.parametrize(
    "last",
    [
        Event("event", "contentBlockDelta", b"[]"),
        Event("event", "metadata", b"{"),
        arguments(1, "{}"),
        block_delta(0, toolUse=None),
        call(1, ""),
        event("contentBlockStart", start={"toolUse": {"toolUseId": "a", "name": "f"}}),
        event("contentBlockStart", contentBlockIndex=0, start={"toolUse": 7}),
        stop("malformed_model_output"),
    ],
)
def test_what_cannot_be_understood_is_an_error(last: Event) -> None:
    """An event that would lose a part of the answer, or a malformed answer, is a 502."""
    caller = seen(START, last, STOP)
    assert isinstance(caller.error, UpstreamProtocolError)
    assert (caller.is_done, caller.error.bedrock_request_id) == (False, "r")


def test_malformed_calls_are_an_error_and_words_are_not() -> None:
    """The words of a malformed answer end normally; calls that were passed on cannot."""
    assert seen(START, words("hi"), stop("malformed_tool_use"), METADATA).finishes == ["stop"]
    caller = seen(START, words("hi"), call(1, "a"), stop("malformed_tool_use"), METADATA)
    assert isinstance(caller.error, UpstreamProtocolError)


def test_an_answer_has_one_end() -> None:
    """Text after `messageStop` would be lost on clients, so it is an error."""
    assert isinstance(seen(START, words("a"), STOP, words("b"), METADATA).error, UpstreamProtocolError)


def test_long_text_is_cut_into_events_of_a_size() -> None:
    """Text that takes more than 1 MiB in ASCII reaches the caller, character by character."""
    text = "🦉" * 100_000
    caller = seen(START, words(text), thought(text), call(1, "a"), arguments(1, text), STOP, METADATA)
    assert (caller.error, caller.is_done) == (None, True)
    assert caller.joined() == caller.joined("reasoning_content") == caller.calls[0][2] == text


def whole(*blocks: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return completion(answer(*blocks, **fields), model="m", tool_names={}, id_="chatcmpl-1", created=7)


THOUGHT = {"reasoningContent": {"reasoningText": {"text": "hm"}}}


@pytest.mark.parametrize(
    "document",
    [
        whole({"text": "hi"}),
        whole(THOUGHT, {"text": "hi" * 50_000}, tool_use("a"), tool_use("b"), stopReason="tool_use"),
        whole(tool_use(input={})),
        whole({"text": BLOCKED_WORDS}, stopReason="guardrail_intervened", trace=pii_trace("BLOCKED")),
        whole({"text": "{EMAIL}"}, trace=pii_trace("ANONYMIZED"), serviceTier={"type": "flex"}, usage=None),
    ],
)
@pytest.mark.parametrize("shows_usage", [True, False])
def test_a_replayed_completion_says_the_same(document: dict[str, Any], shows_usage: bool) -> None:
    """The stream's parts put together are the completion."""
    caller = Seen([replayed(document)], shows_usage=shows_usage)
    said, (finish,) = document["choices"][0]["message"], caller.finishes
    calls = [(c["id"], c["function"]["name"], c["function"]["arguments"]) for c in said.get("tool_calls", ())]
    assert (caller.joined(), caller.joined("reasoning_content")) == (
        said["content"] or "",
        said.get("reasoning_content", ""),
    )
    assert (caller.calls, finish) == (calls, document["choices"][0]["finish_reason"])
    assert (caller.stream.usage, caller.is_done) == (document.get("usage"), True)
    assert {chunk["id"] for chunk in caller.chunks} == {"chatcmpl-1"}


KINDS = st.sampled_from(
    [
        "messageStart",
        "contentBlockStart",
        "contentBlockDelta",
        "contentBlockStop",
        "messageStop",
        "metadata",
        "new",
        "validationException",
    ]
)
NAMES = st.sampled_from(
    [
        "contentBlockIndex",
        "delta",
        "start",
        "text",
        "toolUse",
        "toolUseId",
        "name",
        "input",
        "reasoningContent",
        "stopReason",
        "usage",
        "inputTokens",
        "outputTokens",
        "trace",
        "guardrail",
        "message",
        "additionalModelResponseFields",
    ]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["end_turn"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=10,
)
PAYLOADS = st.binary(max_size=20) | (st.dictionaries(NAMES, VALUES, max_size=5) | VALUES).map(
    lambda value: json.dumps(value).encode()
)
SOUND = st.sampled_from(
    [START, words("a"), thought("b"), call(1, "c"), arguments(1, "{}"), block_stop(1), STOP, METADATA]
)
EVENTS = SOUND | st.builds(
    Event, st.sampled_from(["event", "event", "exception", "error", "new"]), KINDS, PAYLOADS
)


@given(st.randoms(use_true_random=False), st.lists(st.integers(0, 2_000), max_size=5))
def test_from_the_bytes_of_a_connection(random: Random, cuts: list[int]) -> None:
    """Frames with their headers in any order, divided anywhere, give the same stream."""
    sent = [START, words("hi"), block_stop(), call(1, "a"), stop("tool_use"), METADATA]
    content = b"".join(_framed(each, random) for each in sent)
    marks = sorted({0, len(content), *(cut % len(content) for cut in cuts)})
    parser = EventParser()
    events = [each for begin, end in pairwise(marks) for each in parser.feed(content[begin:end])]
    parser.end()
    assert b"".join(translated(events)) == b"".join(translated(sent))


def _framed(sent: Event, random: Random) -> bytes:
    headers = {":event-type": sent.kind, ":content-type": "application/json", ":message-type": "event"}
    return message(strings(dict(random.sample(list(headers.items()), len(headers)))), sent.payload)


@given(st.lists(EVENTS, max_size=8))
def test_any_events_in_any_order(events: list[Event]) -> None:
    """Whatever comes, strict clients can read each chunk, and there is an end or an error, never both."""
    caller = seen(*events)
    assert caller.is_done == (caller.error is None)
    assert len(caller.finishes) == (1 if caller.is_done else 0)


@given(st.lists(st.text(max_size=20), max_size=10))
def test_every_character_arrives(texts: list[str]) -> None:
    """However the text is divided and whatever it holds, the caller gets it."""
    caller = seen(START, *map(words, texts), STOP, METADATA)
    assert (caller.joined(), caller.error) == ("".join(texts), None)
