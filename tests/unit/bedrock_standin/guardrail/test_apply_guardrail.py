"""Reads ApplyGuardrail's answers: blocking and masking have the same action."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from local.bedrock_standin.guardrail.apply_guardrail import EmulatorGuardrails, read_evaluation
from local.bedrock_standin.guardrail.evaluation import GuardrailRef
from local.bedrock_standin.refusals import RefusalError


def answer(action: str, outputs: list[str], *findings: str) -> Any:
    entities = [{"type": "EMAIL", "match": "a@b.c", "action": finding} for finding in findings]
    assessments = [{"sensitiveInformationPolicy": {"piiEntities": entities}}] if entities else []
    texts = [{"text": text} for text in outputs]
    return {"action": action, "outputs": texts, "assessments": assessments, "usage": {"wordPolicyUnits": 1}}


def test_a_blocked_finding_blocks() -> None:
    read = read_evaluation(answer("GUARDRAIL_INTERVENED", ["No."], "ANONYMIZED", "BLOCKED"), ["a", "b"], 7)
    assert (read.intervened, read.blocked, read.texts) == (True, True, ["No."])
    assert read.assessment["invocationMetrics"]["guardrailProcessingLatency"] == 7


def test_anonymized_findings_alone_mask() -> None:
    read = read_evaluation(answer("GUARDRAIL_INTERVENED", ["{EMAIL}", "b"], "ANONYMIZED"), ["a@b.c", "b"], 1)
    assert (read.intervened, read.blocked, read.texts) == (True, False, ["{EMAIL}", "b"])


def test_findings_that_only_detect_change_nothing() -> None:
    read = read_evaluation(answer("NONE", ["a"], "NONE"), ["a"], 1)
    assert (read.intervened, read.blocked, read.texts) == (False, False, ["a"])


def test_masked_texts_that_do_not_match_the_question_are_an_error() -> None:
    with pytest.raises(RefusalError) as caught:
        read_evaluation(answer("GUARDRAIL_INTERVENED", ["one"], "ANONYMIZED"), ["a", "b"], 1)
    assert caught.value.status == 500


def test_without_an_endpoint_no_guardrail_is_asked() -> None:
    guardrails = EmulatorGuardrails(None, "us-east-1", "test", "test")
    with pytest.raises(RefusalError) as caught:
        asyncio.run(guardrails.evaluate(GuardrailRef("gr-1", "DRAFT"), "INPUT", ["a"]))
    guardrails.close()
    assert caught.value.status == 500


def test_an_arn_is_named_by_its_id() -> None:
    assert GuardrailRef("arn:aws:bedrock:us-east-1:123456789012:guardrail/abc", "1").id == "abc"
