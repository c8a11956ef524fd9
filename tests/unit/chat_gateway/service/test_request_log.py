"""A log line names only AWS's names, and no text of a caller."""

from __future__ import annotations

import pytest
from aws_lambda_powertools import Logger

from chat_gateway.core.errors import GuardrailOverrideError
from chat_gateway.guardrail import rule
from chat_gateway.guardrail.settings import Guardrail
from chat_gateway.service.request_log import RequestLog


@pytest.mark.parametrize(
    ("document", "headers", "shown"),
    [
        ({"guardrailConfig": 1}, {}, "guardrailConfig"),
        ({"GUARDRAIL-identifier": 1}, {}, "GUARDRAIL-identifier"),
        ({"guardrail-alice-owes-4711": 1}, {}, "(not shown)"),
        ({}, {"x-amzn-bedrock-guardrailversion": ["9"]}, "x-amzn-bedrock-guardrailversion"),
        ({}, {"x-guardrail-alice-owes-4711": ["9"]}, "(not shown)"),
    ],
)
def test_settings_are_logged_by_known_names(
    document: dict[str, object], headers: dict[str, list[str]], shown: str
) -> None:
    """A refused setting is named in the log if the name is AWS's."""
    log = RequestLog(Logger(), secret_arn=None)
    with pytest.raises(GuardrailOverrideError) as caught:
        rule.apply(Guardrail(identifier="a", version="1"), document, headers)
    log.add_error(caught.value)
    assert log.fields["error_param"] == shown


@pytest.mark.parametrize(
    ("details", "logged"),
    [
        ({"cached_tokens": 7, "cache_write_tokens": 0, "audio_tokens": 1}, {"cached_tokens": 7}),
        ({"cached_tokens": "words", "cache_write_tokens": 3}, {"cache_write_tokens": 3}),
        (None, {}),
        ("words", {}),
    ],
)
def test_cached_tokens(details: object, logged: dict[str, int]) -> None:
    """The line has the tokens that came from a prompt cache or went into it, if there are any."""
    log = RequestLog(Logger(), secret_arn=None)
    log.add_usage({"prompt_tokens": 9, "prompt_tokens_details": details})
    assert log.fields == {"prompt_tokens": 9, **logged}


@pytest.mark.parametrize(
    ("details", "logged"),
    [
        ({"reasoning_tokens": 7}, {"reasoning_tokens": 7}),
        ({"reasoning_tokens": 0}, {}),
        ({"reasoning_tokens": "words"}, {}),
        ([], {}),
    ],
)
def test_reasoning_tokens(details: object, logged: dict[str, int]) -> None:
    """The line has the tokens that were reasoning, if there are any."""
    log = RequestLog(Logger(), secret_arn=None)
    log.add_usage({"completion_tokens": 9, "completion_tokens_details": details})
    assert log.fields == {"completion_tokens": 9, **logged}


@pytest.mark.parametrize(
    ("tier", "logged"),
    [
        ("flex", {"service_tier": "flex"}),
        ("a new tier", {}),
        ("x" * 33, {}),
        ("sk-abcdefghijklmnop", {}),
        ("", {}),
        (7, {}),
        (None, {}),
    ],
)
def test_service_tier(tier: object, logged: dict[str, str]) -> None:
    """The tier is logged if it is a short name, and not a key."""
    log = RequestLog(Logger(), secret_arn=None)
    log.add_service_tier(tier)
    assert log.fields == logged


def test_a_deep_stack_is_cut() -> None:
    """The log has the innermost 20 frames of a fault, and the number of all frames."""

    def deeper(left: int) -> None:
        if not left:
            raise LookupError
        deeper(left - 1)

    log = RequestLog(Logger(), secret_arn=None)
    with pytest.raises(LookupError) as caught:
        deeper(100)
    log.add_fault(caught.value)
    total, *frames = log.fields["fault_stack"]
    assert total == "… 102 frames"
    assert len(frames) == 20
    assert all(frame.endswith(" deeper") for frame in frames)
