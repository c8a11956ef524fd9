"""Every stop reason of Converse becomes one of OpenAI's finish reasons."""

from __future__ import annotations

import pytest
from botocore.session import get_session
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.converse import finish_reasons

EXPECTED = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "stop",
    "malformed_model_output": "stop",
    "malformed_tool_use": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
}


def test_every_reason_of_the_service_is_mapped() -> None:
    """The reasons are those of AWS's own model, so a new one is noticed here."""
    model = get_session().get_service_model("bedrock-runtime")
    reasons = model.shape_for("StopReason").metadata["enum"]
    assert set(reasons) == EXPECTED.keys()
    assert {name: finish_reasons.of(name, is_block=False, has_calls=False) for name in EXPECTED} == EXPECTED


@given(
    st.none() | st.text() | st.lists(st.text()) | st.sampled_from(sorted(EXPECTED)),
    st.booleans(),
    st.booleans(),
)
def test_any_reason_is_openais(reason: object, is_block: bool, has_calls: bool) -> None:
    """No other word reaches a caller, and a block is always one."""
    said = finish_reasons.of(reason, is_block=is_block, has_calls=has_calls)
    assert said in {"stop", "length", "tool_calls", "content_filter"}
    assert said == "content_filter" or not is_block


@pytest.mark.parametrize(
    ("reason", "has_words", "has_calls", "is_unusable"),
    [
        ("malformed_tool_use", True, False, False),
        ("malformed_tool_use", True, True, True),
        ("malformed_model_output", False, False, True),
        ("end_turn", False, False, False),
        ([], False, False, False),
    ],
)
def test_a_malformed_answer_is_used_for_its_words(
    reason: object, has_words: bool, has_calls: bool, is_unusable: bool
) -> None:
    """Tool calls of a malformed answer cannot be trusted, and its words can."""
    assert finish_reasons.is_unusable(reason, has_words=has_words, has_calls=has_calls) == is_unusable
