"""Converse's trace becomes a native answer's keys, without the text that the guardrail found."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.converse import guardrail_keys
from chat_gateway.guardrail import outcome
from tests.unit.chat_gateway.converse_events import pii_trace


def test_the_trace_has_the_native_shape() -> None:
    """The input's assessment and the list of the output's, of each entry its labels alone."""
    said = guardrail_keys.read(pii_trace("ANONYMIZED"), "end_turn")
    found = {
        "piiEntities": [{"type": "EMAIL", "action": "ANONYMIZED"}],
        "regexes": [{"name": "order", "action": "NONE"}],
    }
    assert said == (
        False,
        {
            "amazon-bedrock-guardrailAction": "INTERVENED",
            "amazon-bedrock-trace": {
                "guardrail": {
                    "input": {"gr": {"wordPolicy": {"customWords": []}}},
                    "outputs": [{"gr": [{"sensitiveInformationPolicy": found}]}],
                    "actionReason": "Guardrail masked.",
                }
            },
        },
    )


@pytest.mark.parametrize("part", ["inputAssessment", "outputAssessments"])
def test_our_reader_counts_the_findings_of_each_part(part: str) -> None:
    """Findings of the input and of the output are told apart, with one assessment or more."""
    topic = {"topicPolicy": {"topics": [{"name": "Law", "type": "DENY", "action": "BLOCKED"}]}}
    for assessments, count in ((topic, 1), ([topic], 1), ([topic, topic], 2)):
        said = guardrail_keys.read({"guardrail": {part: {"gr": assessments}}}, "guardrail_intervened")
        read = outcome.read({"id": "a", **said.keys, "choices": [{"finish_reason": "content_filter"}]})
        assert (read.action, read.counts) == ("INTERVENED", {"topicPolicy": count})
        assert {finding["source"] for finding in read.findings} == {part.partition("A")[0]}


NAMES = st.sampled_from(
    [
        "guardrail",
        "inputAssessment",
        "outputAssessments",
        "gr",
        "wordPolicy",
        "customWords",
        "action",
        "match",
    ]
)
LEAVES = st.none() | st.integers() | st.sampled_from(["BLOCKED", "NONE", "<SECRET>"])
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=20,
)


@given(VALUES, VALUES, st.dictionaries(NAMES, VALUES), st.sampled_from(["end_turn", "guardrail_intervened"]))
def test_any_trace_gives_keys_without_text(
    trace: object, part: object, entry: dict[str, Any], reason: str
) -> None:
    """No text that could be the caller's is kept, and a block is always reported."""
    entries = {"gr": {"wordPolicy": {"customWords": [entry]}}}
    for each in (trace, {"guardrail": {"inputAssessment": part, "outputAssessments": entries}}):
        said = guardrail_keys.read(each, reason)
        assert "SECRET" not in json.dumps(said.keys)
        assert said.is_block or reason == "end_turn"
        assert not said.is_block or said.keys["amazon-bedrock-guardrailAction"] == "INTERVENED"
