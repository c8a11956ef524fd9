"""A guardrail's outcome has one form, and does not hold the text that the guardrail found."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.guardrail import blocked_answer
from chat_gateway.guardrail import outcome as guardrail_outcome
from chat_gateway.guardrail.outcome import GuardrailOutcome

TRACE = {
    "guardrail": {
        "actionReason": "Guardrail blocked.",
        "input": {
            "abc123": {
                "topicPolicy": {
                    "topics": [{"name": "finance", "type": "DENY", "action": "BLOCKED", "detected": True}]
                },
                "wordPolicy": {"customWords": [{"match": "SECRET WORD", "action": "BLOCKED"}]},
                "invocationMetrics": {"usage": {"topicPolicyUnits": 1}},
            }
        },
        "outputs": [
            {
                "abc123": [
                    {
                        "sensitiveInformationPolicy": {
                            "piiEntities": [
                                {"match": "ada@example.com", "type": "EMAIL", "action": "ANONYMIZED"}
                            ],
                            "regexes": [
                                {"name": "badge", "regex": "B[0-9]+", "match": "B7", "action": "BLOCKED"}
                            ],
                        }
                    }
                ]
            }
        ],
    }
}


def presented(document: dict[str, Any], *, keep_trace: bool) -> bool:
    """Whether the document has to be written again."""
    is_block = guardrail_outcome.read(document).action == "INTERVENED"
    return blocked_answer.present(document, is_block=is_block, keep_trace=keep_trace)


@pytest.mark.parametrize(
    ("document", "action"),
    [
        ({"id": "chatcmpl-1", "choices": []}, None),
        ({"id": "chatcmpl-1", "amazon-bedrock-guardrailAction": "NONE"}, "NONE"),
        ({"id": "chatcmpl-1", "amazon-bedrock-guardrailAction": "INTERVENED"}, "MASKED"),
        ({"id": "bedrock-guardrails-1", "amazon-bedrock-guardrailAction": "INTERVENED"}, "INTERVENED"),
        ({"id": "bedrock-guardrails-1", "choices": []}, "INTERVENED"),
        ({"id": "chatcmpl-1", "choices": [{"finish_reason": "content_filter"}]}, "INTERVENED"),
        ({"id": None, "choices": ["garbage", None, {}]}, None),
        ({"choices": None}, None),
    ],
)
def test_a_block_is_told_from_a_masked_answer_by_any_of_its_signs(
    document: dict[str, Any], action: str | None
) -> None:
    assert guardrail_outcome.read(document).action == action


def test_findings_name_source_policy_and_kind_and_never_what_was_found() -> None:
    findings = guardrail_outcome.read({"amazon-bedrock-trace": TRACE}).findings
    assert findings == (
        {"source": "input", "policy": "topicPolicy", "name": "finance", "type": "DENY", "action": "BLOCKED"},
        {"source": "input", "policy": "wordPolicy", "action": "BLOCKED"},
        {"source": "output", "policy": "sensitiveInformationPolicy", "type": "EMAIL", "action": "ANONYMIZED"},
        {"source": "output", "policy": "sensitiveInformationPolicy", "name": "badge", "action": "BLOCKED"},
    )
    for secret in ("SECRET WORD", "ada@example.com", "B7", "B[0-9]+"):
        assert secret not in json.dumps(findings)


def test_a_word_is_not_told_by_its_name_either() -> None:
    words = {"customWords": [{"name": "SECRET WORD", "match": "SECRET WORD", "action": "BLOCKED"}]}
    trace = {"guardrail": {"input": {"abc123": {"wordPolicy": words}}}}
    outcome = guardrail_outcome.read({"amazon-bedrock-trace": trace})
    assert outcome.findings == ({"source": "input", "policy": "wordPolicy", "action": "BLOCKED"},)


def test_findings_are_counted_by_policy() -> None:
    assert guardrail_outcome.read({"amazon-bedrock-trace": TRACE}).counts == {
        "topicPolicy": 1,
        "wordPolicy": 1,
        "sensitiveInformationPolicy": 2,
    }
    assert GuardrailOutcome("INTERVENED").counts == {}


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(st.sampled_from(["guardrail", "input", "outputs", "aPolicy"]), inner)
        ),
    )
)
def test_a_trace_of_any_shape_is_read_without_a_fault(trace: object) -> None:
    assert isinstance(guardrail_outcome.read({"amazon-bedrock-trace": trace}).findings, tuple)


@pytest.mark.parametrize("reason", ["stop", "content_filter", "end_turn"])
def test_a_block_ends_in_content_filter(reason: str) -> None:
    document = {"id": "bedrock-guardrails-1", "choices": [{"finish_reason": reason}, {"finish_reason": None}]}
    changed = presented(document, keep_trace=True)
    assert [choice["finish_reason"] for choice in document["choices"]] == ["content_filter", None]  # type: ignore[index]
    assert changed is (reason != "content_filter")


def test_an_answer_that_was_not_blocked_keeps_its_end() -> None:
    document = {
        "id": "chatcmpl-1",
        "amazon-bedrock-guardrailAction": "INTERVENED",
        "choices": [{"finish_reason": "stop"}],
    }
    assert not presented(document, keep_trace=True)
    assert document["choices"] == [{"finish_reason": "stop"}]


@pytest.mark.parametrize("keep_trace", [True, False])
def test_the_trace_stays_only_where_the_environment_says_so(keep_trace: bool) -> None:
    document = {"id": "chatcmpl-1", "amazon-bedrock-trace": TRACE}
    assert presented(document, keep_trace=keep_trace) is not keep_trace
    assert ("amazon-bedrock-trace" in document) is keep_trace


@pytest.mark.parametrize(
    ("first", "second", "both"),
    [
        (None, None, None),
        (None, "NONE", "NONE"),
        ("NONE", "MASKED", "MASKED"),
        ("INTERVENED", "MASKED", "INTERVENED"),
        ("NONE", None, "NONE"),
    ],
)
def test_of_two_parts_the_stronger_word_holds(
    first: str | None, second: str | None, both: str | None
) -> None:
    assert GuardrailOutcome(first).combined_with(GuardrailOutcome(second)).action == both


def test_a_block_without_an_end_gets_one() -> None:
    document = {"id": "bedrock-guardrails-1", "choices": [{"message": {"content": "no"}}]}
    assert presented(document, keep_trace=False)
    assert document["choices"] == [{"message": {"content": "no"}, "finish_reason": "content_filter"}]


def test_all_findings_are_counted_and_50_listed() -> None:
    """All 3,000 findings of a trace are counted, and the log lists the first 50."""
    entities = [{"type": "EMAIL", "match": f"a{i}@example.com", "action": "ANONYMIZED"} for i in range(3000)]
    policy = {"sensitiveInformationPolicy": {"piiEntities": entities}}
    outcome = guardrail_outcome.read({"amazon-bedrock-trace": {"guardrail": {"input": {"abc123": policy}}}})
    assert (len(outcome.findings), outcome.counts) == (50, {"sensitiveInformationPolicy": 3000})
    both = outcome.combined_with(outcome)
    assert (len(both.findings), both.counts) == (50, {"sensitiveInformationPolicy": 6000})


def test_unknown_policies_count_as_other() -> None:
    """For any policies in a trace, the log's counts have only AWS's names and `other`."""
    policies = {f"p{i}Policy": {"found": [{"action": "BLOCKED"}]} for i in range(500)}
    outcome = guardrail_outcome.read({"amazon-bedrock-trace": {"guardrail": {"input": {"abc123": policies}}}})
    assert outcome.counts == {"other": 500}


PLACES = [
    {"choices": [{"message": {"content": "x"}, "amazon-bedrock-trace": TRACE}]},
    {"choices": [{"message": {"content": "x", "amazon-bedrock-trace": TRACE}}]},
    {"choices": [], "metrics": [{"deep": [{"Amazon-Bedrock-Trace": TRACE}]}]},
    {"choices": [], "amazonBedrockTrace": TRACE},
    {"choices": [], "trace": TRACE},
]


@pytest.mark.parametrize("document", PLACES, ids=range(len(PLACES)))
def test_a_trace_is_taken_out_wherever_it_stands(document: dict[str, Any]) -> None:
    """A trace is removed at any depth and in any spelling, and the record counts its findings."""
    document = json.loads(json.dumps(document))
    assert guardrail_outcome.may_hold_trace(json.dumps(document))
    assert guardrail_outcome.read(document).counts["topicPolicy"] == 1
    assert presented(document, keep_trace=False)
    assert "ada@example.com" not in json.dumps(document)


def test_a_trace_written_in_escapes_is_looked_for() -> None:
    """A trace's key that is written in JSON escapes is found too."""
    raw = json.dumps(PLACES[0]).replace("amazon-bedrock-trace", "amazon-bedrock-\\u0074race")
    assert guardrail_outcome.may_hold_trace(raw)
    assert guardrail_outcome.may_hold_trace(raw.encode())


def test_the_word_trace_in_an_answer_is_no_trace() -> None:
    """A model's text or field named `trace` is not taken for a guardrail's trace."""
    document = {"choices": [{"message": {"content": "a trace"}}], "trace": {"id": 1}}
    presented(document, keep_trace=False)
    assert document["trace"] == {"id": 1}


@pytest.mark.parametrize("raw", ['{"content": "caf\\u00e9 \\ud83d"}', '{"content": "hello"}', ""])
def test_other_text_is_not_looked_through(raw: str) -> None:
    """Other text, in any language and in escapes, does not start a search for a trace."""
    assert not guardrail_outcome.may_hold_trace(raw)
    assert not guardrail_outcome.may_hold_trace(raw.encode())


def test_a_list_of_traces_is_taken_out() -> None:
    """Converse's trace is removed from a list too."""
    document = {
        "choices": [],
        "trace": [{"guardrail": {"input": {"g": {"match": "4111"}}}}],
        "other": {"trace": [1]},
    }
    assert blocked_answer.present(document, is_block=False, keep_trace=False)
    assert document == {"choices": [], "other": {"trace": [1]}}
