"""Every intervention is counted by policy, in lines that CloudWatch reads as metrics."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_gateway.guardrail import metrics as guardrail_metrics
from chat_gateway.guardrail import outcome as guardrail_outcome
from chat_gateway.guardrail.outcome import INTERVENED, MASKED, NONE, GuardrailOutcome

SOURCES = Path(guardrail_metrics.__file__).parents[2]


def outcome(action: str | None, *findings: tuple[str, str]) -> GuardrailOutcome:
    """The outcome that is read from a trace with these findings."""
    entries: dict[str, Any] = {}
    for policy, did in findings:
        entries.setdefault(f"{policy}Policy".replace("PolicyPolicy", "Policy"), {"found": []})[
            "found"
        ].append({"action": did})
    trace = {"guardrail": {"input": {"abc123": entries}}}
    said = guardrail_outcome.read({"amazon-bedrock-trace": trace})
    return said._replace(action=action)


@pytest.fixture(autouse=True)
def service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "gateway-api")


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_line_is_a_metric_of_one_intervention_in_cloudwatchs_format(
    capsys: pytest.CaptureFixture[str],
) -> None:
    guardrail_metrics.count(outcome(INTERVENED, ("topicPolicy", "BLOCKED")))
    (line,) = lines(capsys)
    (metric,) = line["_aws"]["CloudWatchMetrics"]
    assert metric == {
        "Namespace": "BedrockChatGateway",
        "Dimensions": [["policy", "action", "service"]],
        "Metrics": [{"Name": "GuardrailInterventions", "Unit": "Count"}],
    }
    assert line["_aws"]["Timestamp"] > 1_700_000_000_000
    values = {key: value for key, value in line.items() if key != "_aws"}
    assert values == {
        "GuardrailInterventions": [1.0],
        "policy": "topicPolicy",
        "action": "INTERVENED",
        "service": "gateway-api",
    }


def test_apply_guardrails_check_counts_besides(capsys: pytest.CaptureFixture[str]) -> None:
    """What our own check found counts in both metrics, so that alarms on the first one see it, too."""
    found = outcome(INTERVENED, ("topicPolicy", "BLOCKED"), ("wordPolicy", "BLOCKED"))
    guardrail_metrics.count(found._replace(acted_by_apply_guardrail=frozenset({"wordPolicy"})))
    names = [
        (line["_aws"]["CloudWatchMetrics"][0]["Metrics"][0]["Name"], line["policy"]) for line in lines(capsys)
    ]
    assert names == [
        ("GuardrailInterventions", "topicPolicy"),
        ("GuardrailInterventions", "wordPolicy"),
        ("ApplyGuardrailInterventions", "wordPolicy"),
    ]


def test_each_acting_policy_counts_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each policy that acted counts once, and a policy that only detected does not count."""
    found = outcome(
        MASKED,
        ("sensitiveInformationPolicy", "ANONYMIZED"),
        ("sensitiveInformationPolicy", "ANONYMIZED"),
        ("wordPolicy", "BLOCKED"),
        ("contentPolicy", "NONE"),
    )
    guardrail_metrics.count(found)
    counted = [(line["policy"], line["action"]) for line in lines(capsys)]
    assert counted == [("sensitiveInformationPolicy", "MASKED"), ("wordPolicy", "MASKED")]


@pytest.mark.parametrize("findings", [(), (("wordPolicy", "NONE"),)])
def test_an_intervention_that_nothing_explains_counts_as_unknown(
    capsys: pytest.CaptureFixture[str], findings: tuple[tuple[str, str], ...]
) -> None:
    guardrail_metrics.count(outcome(INTERVENED, *findings))
    assert [line["policy"] for line in lines(capsys)] == ["unknown"]


@pytest.mark.parametrize("action", [None, NONE])
def test_without_an_intervention_nothing_is_written(
    capsys: pytest.CaptureFixture[str], action: str | None
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        guardrail_metrics.count(outcome(action, ("wordPolicy", "NONE")))
    assert capsys.readouterr() == ("", "")


@given(st.lists(st.text()))
def test_no_word_of_a_trace_becomes_a_dimension(names: list[str]) -> None:
    policies = guardrail_metrics.policies(outcome(INTERVENED, *((name, "BLOCKED") for name in names)))
    assert set(policies) <= {"other", "unknown", *guardrail_outcome._POLICIES}


def test_the_workers_threads_count_beside_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    both = outcome(INTERVENED, ("topicPolicy", "BLOCKED"), ("wordPolicy", "BLOCKED"))
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(guardrail_metrics.count, [both] * 200))
    counted = lines(capsys)
    assert len(counted) == 400
    assert {len(line["GuardrailInterventions"]) for line in counted} == {1}


def test_it_loads_no_module_that_the_functions_logger_does_not() -> None:
    code = """
import sys
import aws_lambda_powertools, chat_gateway.guardrail.outcome
before = set(sys.modules)
import chat_gateway.guardrail.metrics
print(*sorted(set(sys.modules) - before))
"""
    run = [sys.executable, "-c", code]
    loaded = subprocess.run(run, check=True, capture_output=True, text=True, env={"PYTHONPATH": str(SOURCES)})
    assert loaded.stdout.split() == ["chat_gateway.guardrail.metrics"]
