"""A stream's arguments and reasoning wait for the guardrail, and its text does not."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.converse.answer_check import AnswerCheck
from chat_gateway.converse.apply_guardrail import GuardrailChecks, GuardrailUnavailableError
from chat_gateway.converse.event_stream import Event
from chat_gateway.converse.stream_check import StreamCheck
from tests.unit.chat_gateway.bedrock_calls import bearer, client_for
from tests.unit.chat_gateway.converse_bedrock import (
    BLOCK_MESSAGE,
    FakeBedrock,
    blocked,
    masked,
    verdict,
)
from tests.unit.chat_gateway.converse_events import (
    METADATA,
    START,
    STOP,
    arguments,
    block_delta,
    block_stop,
    call,
    event,
    exception,
    stop,
    thought,
    words,
)


def check(bedrock: FakeBedrock) -> StreamCheck:
    checks = GuardrailChecks(
        bedrock=client_for(bedrock),
        identifier="gr",
        version="1",
        auth=bearer(),
        deadline=float("inf"),
        sleep=lambda _: None,
    )
    return StreamCheck(AnswerCheck(checks, None, ("weather",)))


def released(bedrock: FakeBedrock, *events: Event) -> list[list[Event]]:
    """What each event releases."""
    stream = check(bedrock)
    return [stream.released(one) for one in events]


def test_text_is_passed_on_at_once() -> None:
    """A stream of text is not checked again."""
    bedrock, events = FakeBedrock(), [START, words("a"), block_stop(), STOP, METADATA]
    assert released(bedrock, *events) == [[one] for one in events]
    assert bedrock.checked == []


def test_calls_and_reasoning_wait() -> None:
    """They are released as they came with the end of the message, after one check of all."""
    bedrock = FakeBedrock()
    held = [thought("why", 0), block_stop(0), call(2, "a"), arguments(2, '{"x":'), arguments(2, " 1}")]
    text = words("a", 1)
    passed_on = released(bedrock, START, *held[:2], text, *held[2:], block_stop(2), STOP)
    assert passed_on == [[START], [], [], [text], [], [], [], [], [*held, block_stop(2), STOP]]
    assert [sorted(texts) for _, texts in bedrock.checked] == [["why", '{"x": 1}']]


def test_a_block() -> None:
    """Nothing that was held is released; the guardrail's message takes its place."""
    bedrock = FakeBedrock(check=blocked)
    *_, last = released(bedrock, START, call(0, "a"), arguments(0, '{"x": "SECRET"}'), stop("tool_use"))
    assert [one.kind for one in last] == ["contentBlockDelta", "messageStop"]
    assert json.loads(last[0].payload)["delta"] == {"text": BLOCK_MESSAGE}
    assert json.loads(last[1].payload)["stopReason"] == "guardrail_intervened"
    assert b"SECRET" not in b"".join(one.payload for one in last)


def test_a_mask() -> None:
    """Masked arguments and reasoning are written anew."""
    bedrock = FakeBedrock(check=masked)
    events = [thought("SECRET", 0), call(1, "a"), arguments(1, '{"x": "SEC'), arguments(1, 'RET"}')]
    *_, last = released(bedrock, *events, block_stop(1), stop("tool_use"))
    assert b"SECRET" not in b"".join(one.payload for one in last)
    deltas = [json.loads(one.payload)["delta"] for one in last if one.kind == "contentBlockDelta"]
    assert deltas[0] == {"reasoningContent": {"text": "{WORD}"}}
    assert json.loads(deltas[1]["toolUse"]["input"]) == {"x": "{WORD}"}


@pytest.mark.parametrize("raw", ['["SECRET"]', "SECRET", '{"x": "SECRET"', '{"x": "SECRET", "x": 1}'])
def test_a_mask_that_does_not_fit(raw: str) -> None:
    """Masked arguments that are no object are a block."""
    *_, last = released(FakeBedrock(check=masked), call(0, "a"), arguments(0, raw), stop("tool_use"))
    assert json.loads(last[-1].payload)["stopReason"] == "guardrail_intervened"
    assert b"SECRET" not in b"".join(one.payload for one in last)


HIDDEN = [
    pytest.param([call(0, "a"), arguments(0, '{"x": "SECRET", "x": 1}')], id="a repeated key"),
    pytest.param([call(0, "a"), arguments(0, r'{"x": "\u0053ECRET", "x": 1}')], id="with an escape"),
    pytest.param([call(0, "a"), arguments(0, r'{"x": "\u0053ECRET"}')], id="an escape"),
    pytest.param([call(0, "a"), arguments(0, r'{"x": "\\u0053ECRET"}')], id="an escape twice"),
    pytest.param([call(0, "a"), arguments(0, r'["\u0053ECRET"]')], id="a list"),
    pytest.param([call(0, "a"), arguments(0, r'{"x": "\u0053ECRET')], id="no JSON"),
    pytest.param([thought("a"), call(0, "a"), arguments(0, '"SECRET"')], id="arguments at reasoning's index"),
    pytest.param([call(0, "a"), thought("SECRET")], id="reasoning at a call's index"),
    pytest.param(
        [event("contentBlockDelta", delta={"reasoningContent": {"text": "SECRET"}})], id="without an index"
    ),
    pytest.param(
        [block_delta(0, reasoningContent={"text": "SECRET"}, toolUse={"input": "a"})], id="both in one"
    ),
    pytest.param(
        [
            Event(
                "event", "contentBlockDelta", thought("SECRET").payload.replace(b"Content", b"\\u0043ontent")
            )
        ],
        id="an escaped key",
    ),
]


@pytest.mark.parametrize("events", HIDDEN)
def test_nothing_hides(events: list[Event]) -> None:
    """However a model or a server writes a word, the guardrail reads it before the caller."""
    bedrock = FakeBedrock()
    passed_on = released(bedrock, *events)
    assert passed_on == [[]] * len(events)
    assert released(bedrock, *events, STOP)[-1]
    assert any("SECRET" in text for text in bedrock.checked[0][1])


@pytest.mark.parametrize(
    "end", [stop("guardrail_intervened"), exception("throttlingException"), exception("validationException")]
)
def test_no_release(end: Event) -> None:
    """Converse's own block, or an error, releases nothing that was held."""
    bedrock = FakeBedrock()
    assert released(bedrock, call(0, "a"), arguments(0, "{}"), end)[-1] == [end]
    assert bedrock.checked == []


def test_a_check_that_fails() -> None:
    bedrock = FakeBedrock(check=lambda *_: verdict("?"))
    stream = check(bedrock)
    stream.released(thought("a"))
    with pytest.raises(GuardrailUnavailableError):
        stream.released(STOP)
    assert stream.released(METADATA) == [METADATA]


def test_findings_are_in_the_metadata() -> None:
    """What this check found is in the stream's trace, as Converse's own findings are."""
    *_, last = released(FakeBedrock(check=blocked), thought("a"), STOP, METADATA)
    assessments = json.loads(last[0].payload)["trace"]["guardrail"]["outputAssessments"]["gr"]
    assert assessments[0]["wordPolicy"]["customWords"][0]["action"] == "BLOCKED"


PAYLOADS = st.recursive(
    st.none() | st.integers(0, 2) | st.sampled_from(["SECRET", "{}"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["delta", "start", "contentBlockIndex", "toolUse", "reasoningContent", "text"]),
            inner,
        )
    ),
)
EVENTS = st.builds(
    lambda kind, payload: Event("event", kind, payload),
    st.sampled_from(
        ["contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata"]
    ),
    PAYLOADS.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=5),
)


@given(st.lists(EVENTS, max_size=8))
def test_any_event_is_read(events: list[Event]) -> None:
    """Events of any shape raise nothing, and none is invented while the guardrail lets all pass."""
    passed_on = [one for released_ in released(FakeBedrock(), *events) for one in released_]
    assert all(one in events or one.kind == "metadata" for one in passed_on)
