"""A log line names what AWS names, and no word of a caller's."""

from __future__ import annotations

import pytest
from aws_lambda_powertools import Logger

from chat_gateway import guardrails
from chat_gateway.errors import GuardrailOverrideError
from chat_gateway.guardrails import Guardrail
from chat_gateway.request_log import RequestLog


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
    """A setting that is refused is named in the log where the name is AWS's."""
    log = RequestLog(Logger(), secret_arn=None)
    with pytest.raises(GuardrailOverrideError) as caught:
        guardrails.guarded(Guardrail(identifier="a", version="1"), document, headers)
    log.add_error(caught.value)
    assert log.fields["error_param"] == shown
