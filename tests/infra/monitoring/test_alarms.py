"""The alarms: what they read, what they say, and whom they notify."""

from __future__ import annotations

import inspect
import re
from http import HTTPStatus
from typing import Any, cast

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
from aws_cdk import aws_sns as sns

from chat_gateway.client_policies import errors as limit_errors
from chat_gateway.converse import apply_guardrail
from chat_gateway.core import errors, metric_names
from infra.monitoring import bedrock_alarms, function_alarms, gateway_alarms
from infra.monitoring.monitored import Monitored
from infra.monitoring.runbook_alarms import RunbookAlarms
from infra.platform import Platform
from infra.settings.problems import InvalidEnvironmentError
from tests import documents
from tests.infra.conftest import changed, stack_of, synthesised
from tests.infra.monitoring import stacks
from tests.infra.monitoring.stacks import ALL, alarms, dimensions, metrics, monitored

FUNCTIONS = ("api", "authorizer", "resources", "worker", "batch-steps")
NAMES = [
    "api-throttling",
    "batch-dead-letters",
    "batch-steps",
    "bedrock-refuses",
    "bedrock-throttling",
    "budget-80-percent",
    "budget-used-up",
    "concurrency",
    "credentials",
    "dead-letters",
    "failed-answers",
    *(f"function-errors-{function}" for function in sorted(FUNCTIONS)),
    "gateway-down",
    "guardrail-unavailable",
    "lambda-throttling",
    "most-requests-fail",
    "old-jobs",
    "server-errors",
    "slow-answers",
]
OWN_METRICS = {
    value for name, value in vars(metric_names).items() if name.isupper() and isinstance(value, str)
}
RUNBOOK = "docs/operations.md"


def test_all_alarms() -> None:
    """The stack has these alarms. Each has the stack's name."""
    assert sorted(alarms(monitored())) == sorted(NAMES)


def test_no_alarms_by_default() -> None:
    """Without the setting there are no alarms, no topic, no metric filters and no dashboard."""
    types = {resource["Type"] for resource in synthesised("prod").template["Resources"].values()}
    assert not {type_ for type_ in types if type_.startswith(("AWS::CloudWatch::", "AWS::SNS::"))}
    assert "AWS::Logs::MetricFilter" not in types


@pytest.mark.parametrize("name", [name for name in NAMES if name != "gateway-down"])
def test_a_quiet_stack_has_no_alarm(name: str) -> None:
    """Missing data never set off an alarm."""
    assert alarms(monitored())[name]["TreatMissingData"] == "notBreaching"


@pytest.mark.parametrize("name", NAMES)
def test_each_alarm_notifies(name: str) -> None:
    """Each alarm tells the topic that it went off, and that it is over."""
    alarm = alarms(monitored())[name]
    (topic,) = monitored().resources("AWS::SNS::Topic")
    assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": topic}]


@pytest.mark.parametrize("name", NAMES)
def test_each_alarm_has_a_section(name: str) -> None:
    """An alarm's description says what it means, and names a section of the runbook that exists."""
    description = alarms(monitored())[name]["AlarmDescription"]
    said, page, section = re.fullmatch(r"(.+\.) What to do: (\S+)#(\S+)", description).groups()  # type: ignore[union-attr]
    assert 1 <= said.count(". ") + 1 <= 2
    assert page == RUNBOOK
    assert section in documents.sections(page)
    assert name.startswith(section)


def test_each_section_has_an_alarm() -> None:
    """The runbook has no section of an alarm that does not exist."""
    under_alarms = documents.text(RUNBOOK).partition("\n## The alarms\n")[2].partition("\n## ")[0]
    sections = re.findall(r"^### (.+)$", under_alarms, re.MULTILINE)
    named = {alarm["AlarmDescription"].rpartition("#")[2] for alarm in alarms(monitored()).values()}
    assert {section.lower().replace(" ", "-").replace("%", "") for section in sections} == named


def test_errors_exist() -> None:
    """The classes of errors that alarms count are classes of the gateway's errors."""
    classes = {
        name
        for module in (errors, limit_errors, apply_guardrail)
        for name, _ in inspect.getmembers(module, inspect.isclass)
    }
    alarmed = (
        *bedrock_alarms.CREDENTIAL_ERRORS,
        *bedrock_alarms.GUARDRAIL_ERRORS,
        *bedrock_alarms.LIMIT_ERRORS,
        *bedrock_alarms.REFUSALS,
    )
    assert set(alarmed) <= classes


def test_own_metrics_have_their_dimensions() -> None:
    """Alarms of the gateway's own metrics read names that it logs, with exactly the dimensions that it logs."""
    seen = 0
    for alarm in alarms(monitored()).values():
        for metric in metrics(alarm):
            if metric["Namespace"] != metric_names.NAMESPACE:
                continue
            seen += 1
            found = dimensions(metric)
            assert metric["MetricName"] in OWN_METRICS
            assert found[metric_names.ENVIRONMENT] == "prod"
            assert found[metric_names.SERVICE] in {"Stack-api", "Stack-worker"}
            is_by_class = metric["MetricName"] == metric_names.ERRORS
            assert len(found) == (3 if is_by_class else 2)
            assert (metric_names.ERROR_CLASS in found) == is_by_class
    assert seen > 10


def test_functions_are_the_stacks_own() -> None:
    """Alarms of functions name functions of the stack, without a version."""
    functions = {
        dimensions(metric)["FunctionName"]
        for alarm in alarms(monitored()).values()
        for metric in metrics(alarm)
        if metric["Namespace"] == "AWS/Lambda" and metric.get("Dimensions")
    }
    created = {
        function.get("FunctionName") for function in monitored().resources("AWS::Lambda::Function").values()
    }
    assert functions == {f"Stack-{function}" for function in FUNCTIONS}
    assert functions <= created


def test_the_api_is_the_stacks_own() -> None:
    """Alarms of API Gateway name the API and its stage."""
    metric = alarms(monitored())["server-errors"]
    assert dimensions(metric)["ApiName"] == monitored().one("AWS::ApiGateway::RestApi")["Name"]
    assert dimensions(metric)["Stage"] == monitored().one("AWS::ApiGateway::Stage")["StageName"]


def test_a_bad_version_is_found_in_minutes() -> None:
    """The alarm that stops a deployment after five minutes looks at single minutes."""
    alarm = alarms(monitored())["server-errors"]
    assert alarm["Period"] * alarm["EvaluationPeriods"] <= 300
    assert alarm["Period"] == 60


def test_the_gateway_is_down() -> None:
    """The composite alarm goes off if most requests fail at the gateway or at Bedrock."""
    rule = str(alarms(monitored())["gateway-down"]["AlarmRule"])
    assert "MostRequestsFail" in rule
    assert "BedrockRefuses" in rule
    assert rule.count("ALARM(") == 2


def test_limits_are_settings() -> None:
    """Error rate, latency and age of jobs are settings."""
    own = {**ALL, "max_server_error_percent": 20, "max_p99_latency_s": 7, "max_job_age_s": 90}
    found = alarms(stack_of(changed("prod", monitoring=own)))
    assert found["server-errors"]["Threshold"] == 0.2
    assert found["slow-answers"]["Threshold"] == 7000
    assert found["old-jobs"]["Threshold"] == 90
    assert "20 %" in found["server-errors"]["AlarmDescription"]


def expressions(name: str) -> list[str]:
    """What the alarm computes, the result first."""
    return [one["Expression"] for one in alarms(monitored())[name]["Metrics"] if "Expression" in one]


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("most-requests-fail", 5),
        ("failed-answers", 5),
        ("slow-answers", 20),
        ("bedrock-refuses", 10),
        ("bedrock-throttling", 10),
    ],
)
def test_a_few_requests_wake_nobody(name: str, least: int) -> None:
    """Alarms about a part of the requests, which one caller's few could set off, need some requests in a period."""
    assert expressions(name)[0] == f"IF(requests >= {least}, value, 0)"


def test_limits_of_clients_are_not_bedrocks_throttles() -> None:
    """Of the requests with status 429, those that a client's limit refused do not count as Bedrock's throttles."""
    assert "SUM([throttles, not_bedrocks])" in expressions("bedrock-throttling")
    read = metrics(alarms(monitored())["bedrock-throttling"])
    classes = {dimensions(metric).get(metric_names.ERROR_CLASS) for metric in read}
    refusing = {
        name
        for name, class_ in inspect.getmembers(limit_errors, inspect.isclass)
        if getattr(class_, "status", None) == HTTPStatus.TOO_MANY_REQUESTS
    }
    assert classes - {None} == refusing


def test_broken_streams_are_failures() -> None:
    """A stream that breaks has status 200, so this alarm reads the gateway's own count. It may stop a deployment."""
    alarm = alarms(monitored())["failed-answers"]
    names = {metric["MetricName"] for metric in metrics(alarm)}
    assert names == {metric_names.FAILURES, metric_names.REQUESTS}
    assert alarm["Threshold"] == 5
    assert "failed-answers" in gateway_alarms._STOPPING


def test_only_what_hits_nearly_all_is_bedrocks_refusal() -> None:
    """Callers' wrong requests are refused by Bedrock, too. They are seldom nearly all requests."""
    assert alarms(monitored())["bedrock-refuses"]["Threshold"] == 90


def test_streams_of_minutes_are_no_alarm() -> None:
    """By default, answers may take three minutes."""
    assert alarms(monitored())["slow-answers"]["Threshold"] == 180_000


def test_concurrency_of_the_account() -> None:
    """Without reserved concurrency, the alarm reads the account's executions, and its limit is 80 % of the quota."""
    alarm = alarms(monitored())["concurrency"]
    assert "Dimensions" not in alarm
    assert alarm["Threshold"] == 800


def test_concurrency_of_the_function() -> None:
    """With reserved concurrency, the alarm reads the chat function's executions."""
    reserved = {"reserved_concurrent_executions": 50}
    alarm = alarms(stack_of(changed("prod", monitoring=ALL, chat_function=reserved)))["concurrency"]
    assert dimensions(alarm) == {"FunctionName": "Stack-api"}
    assert alarm["Threshold"] == 40


def test_local_has_the_others() -> None:
    """Without metric mathematics and composite alarms, only these alarms are left out."""
    computed = {name for name, alarm in alarms(monitored()).items() if "Metrics" in alarm}
    left = {alarm["AlarmName"].removeprefix("Stack-") for alarm in alarms(stacks.local()).values()}
    assert left == set(NAMES) - computed - {"gateway-down"}
    assert len(left) > 10


def test_stopping_alarms_are_documented() -> None:
    """The page about deployments names each alarm that stops one, and no other."""
    lines = documents.text("docs/deploying.md").splitlines()
    (row,) = (line for line in lines if line.startswith("| one of these [alarms]"))
    assert set(re.findall(r"`([a-z-]+)`", row)) == set(gateway_alarms._STOPPING)


@pytest.mark.parametrize("name", gateway_alarms._STOPPING)
def test_stopping_alarms_wait_for_the_topic_only(name: str) -> None:
    """An alarm that may stop a deployment refers to no function and no API, which CloudFormation would change before it."""
    (topic,) = monitored().resources("AWS::SNS::Topic")
    alarm = str(alarms(monitored())[name])
    assert set(re.findall(r"'(?:Ref|Fn::GetAtt)': \[?'(\w+)'", alarm)) == {topic}


def test_rare_functions() -> None:
    """Each failure of a function that seldom runs sets off its alarm."""
    stack = cdk.Stack(cdk.App(), "Stack")
    found = RunbookAlarms(stack, "Alarms", platform=Platform(), topic=sns.Topic(stack, "Topic"))
    nothing = cast(Any, None)
    function_alarms.add(
        found, Monitored(changed("prod"), "Stack", ("api",), nothing, nothing, rarely_invoked=("rotation",))
    )
    made = assertions.Template.from_stack(stack).find_resources("AWS::CloudWatch::Alarm").values()
    limits = {alarm["Properties"]["AlarmName"]: alarm["Properties"]["DatapointsToAlarm"] for alarm in made}
    assert limits == {"Stack-function-errors-api": 3, "Stack-function-errors-rotation": 1}


def test_key_rotation() -> None:
    """A rotation that fails sets off an alarm, and the runbook says what to do about this function."""
    rotation = {"key_rotation": {"user": "bedrock-prod", "every_days": 60}}
    found = alarms(stack_of(changed("prod", monitoring=ALL, upstream=rotation)))
    assert found["function-errors-key-rotation"]["DatapointsToAlarm"] == 1
    assert "| `key-rotation` |" in documents.text("docs/operations.md")


def test_metrics_are_needed() -> None:
    """Alarms without metrics are refused."""
    with pytest.raises(InvalidEnvironmentError, match="needs metrics = true"):
        changed("prod", monitoring={"alarms": True})


def test_filters_count_what_alarms_read() -> None:
    """The metrics that filters of log lines count are those that two alarms read."""
    counted = {
        (one["MetricNamespace"], one["MetricName"])
        for filter_ in monitored().resources("AWS::Logs::MetricFilter").values()
        for one in filter_["MetricTransformations"]
    }
    found = [alarms(monitored())[name] for name in ("api-throttling", "batch-steps")]
    assert {(alarm["Namespace"], alarm["MetricName"]) for alarm in found} == counted


def test_filters_read_logged_fields() -> None:
    """The fields of the filters are in the access log, or are written by the steps' logger."""
    access = monitored().one("AWS::ApiGateway::Stage")["AccessLogSetting"]["Format"]
    filters = monitored().resources("AWS::Logs::MetricFilter")
    patterns = [filter_["FilterPattern"] for filter_ in filters.values()]
    (of_access,) = (pattern for pattern in patterns if "429" in pattern)
    assert all(f'"{field}"' in access for field in re.findall(r"\$\.(\w+)", of_access))
    (of_steps,) = (pattern for pattern in patterns if "429" not in pattern)
    assert re.findall(r"\$\.(\w+)", of_steps) == ["message", "level"]
    assert 'log.write("batch step"' in documents.text("lambda_src/batch_steps/handler.py")
