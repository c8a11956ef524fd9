"""What `doctor` finds out about tables, queues, quotas and alarms."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from gateway_cli.doctor import (
    alarm_check,
    examination,
    log_role_check,
    queue_checks,
    quota_checks,
    table_checks,
)
from gateway_cli.doctor.deployment import Deployment
from gateway_cli.doctor.examination import Check
from gateway_cli.doctor.findings import Finding, Result, Status
from tests.unit.gateway_cli.doctor.stubbed_aws import NAME, NOT_AUTHORIZED, WHOLE, StubbedAws

NOW = datetime(2026, 11, 27, tzinfo=UTC)
JOBS = WHOLE.jobs_queue_url
UUID = "11111111-2222-3333-4444-555555555555"


def made(aws: StubbedAws, run: Callable[[Deployment], Result]) -> Finding:
    """The finding of one check."""
    (finding,) = examination.findings_of([(Check("it", run),)], aws.deployment())
    return finding


def depth(waiting: int = 0, in_flight: int = 0, delayed: int = 0) -> dict[str, Any]:
    names = (
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesDelayed",
    )
    return {"Attributes": dict(zip(names, map(str, (waiting, in_flight, delayed)), strict=True))}


@pytest.mark.parametrize(
    ("table_status", "status"),
    [
        ("ACTIVE", Status.OK),
        ("UPDATING", Status.OK),
        ("CREATING", Status.PROBLEM),
        ("ARCHIVED", Status.PROBLEM),
    ],
)
def test_tables_must_be_usable(aws: StubbedAws, table_status: str, status: Status) -> None:
    """A table must be active, or be updated."""
    aws.answers("dynamodb", "describe_table", {"Table": {"TableStatus": table_status}})
    assert made(aws, partial(table_checks.is_active, "t")).status == status


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("ResourceNotFoundException", Status.PROBLEM),
        ("AccessDeniedException", Status.UNCHECKED),
    ],
)
def test_a_missing_table_is_a_problem(aws: StubbedAws, code: str, status: Status) -> None:
    """A table that is gone is a problem; one that the operator may not see is not."""
    aws.fails("dynamodb", "describe_table", code)
    finding = made(aws, partial(table_checks.is_active, "t"))
    assert finding.status == status
    assert ("Restore it from a backup" in str(finding.advice)) == (status == Status.PROBLEM)


@pytest.mark.parametrize(("recovery", "status"), [("ENABLED", Status.OK), ("DISABLED", Status.PROBLEM)])
def test_tables_need_backups(aws: StubbedAws, recovery: str, status: Status) -> None:
    """Point-in-time recovery must be on where the stack sets it."""
    answer = {
        "ContinuousBackupsDescription": {
            "ContinuousBackupsStatus": "ENABLED",
            "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": recovery},
        }
    }
    aws.answers("dynamodb", "describe_continuous_backups", answer)
    assert made(aws, partial(table_checks.has_backups, "t")).status == status


def test_every_table_is_checked() -> None:
    """Each table has a check. Job records have no backups, and an earlier version has fewer tables."""
    names = [check.name for chain in table_checks.chains(WHOLE) for check in chain]
    assert names == [
        *("table of clients", "backups of clients", "table of usage", "backups of usage"),
        *("table of resources", "backups of resources", "table of job records"),
    ]
    earlier = replace(WHOLE, resources_table=None, usage_table=None)
    assert len(list(table_checks.chains(earlier))) == 2


def aged(hours: float) -> dict[str, Any]:
    points = [
        {"Timestamp": NOW, "Maximum": hours * 3600},
        {"Timestamp": NOW - timedelta(minutes=5), "Maximum": 0.0},
    ]
    return {"Datapoints": points}


@pytest.mark.parametrize(
    ("age", "status", "says"),
    [
        (aged(0.5), Status.OK, "30 minutes"),
        (aged(7), Status.PROBLEM, "7.0 hours"),
        ({"Datapoints": []}, Status.OK, "none is known to wait"),
    ],
)
def test_jobs_must_not_wait_for_ever(aws: StubbedAws, age: dict[str, Any], status: Status, says: str) -> None:
    """A backlog is normal, unless its oldest job has waited for hours."""
    aws.answers("sqs", "get_queue_attributes", depth(3, 2, 1))
    aws.answers("cloudwatch", "get_metric_statistics", age)
    finding = made(aws, partial(queue_checks.age, JOBS))
    assert finding.status == status
    assert says in finding.says


@pytest.mark.parametrize(("limit_h", "status"), [(8, Status.OK), (5, Status.PROBLEM)])
def test_the_environment_says_how_long_jobs_may_wait(aws: StubbedAws, limit_h: int, status: Status) -> None:
    """The limit is the alarm's: the setting monitoring.max_job_age_s."""
    aws.answers("sqs", "get_queue_attributes", depth(1))
    aws.answers("cloudwatch", "get_metric_statistics", aged(7))
    deployment = aws.deployment(replace(WHOLE, max_job_age_s=limit_h * 3600))
    assert queue_checks.age(JOBS, deployment).status == status


def test_no_age_is_asked_of_an_empty_queue(aws: StubbedAws) -> None:
    """An empty queue has no oldest job."""
    aws.answers("sqs", "get_queue_attributes", depth())
    assert made(aws, partial(queue_checks.age, JOBS)).status == Status.OK


def test_the_cause_of_old_jobs_comes_first(aws: StubbedAws) -> None:
    """If no function reads the queue, doctor says this, and not that the jobs are old."""
    aws.answers("sqs", "get_queue_attributes", depth(3, 2, 1))
    aws.answers("sqs", "get_queue_attributes", {"Attributes": {"QueueArn": "arn:aws:sqs:us-east-1:0:jobs"}})
    aws.answers(
        "lambda", "list_event_source_mappings", {"EventSourceMappings": [{"State": "Disabled", "UUID": UUID}]}
    )
    jobs = next(iter(queue_checks.chains(WHOLE)))
    found = list(examination.findings_of([jobs], aws.deployment()))
    assert [finding.status for finding in found] == [Status.OK, Status.PROBLEM, Status.SKIPPED]
    assert found[0].says == "3 waiting, 2 in flight, 1 delayed"
    assert "Disabled" in found[1].says


@pytest.mark.parametrize(
    "check", [queue_checks.backlog, queue_checks.no_dead_letters, queue_checks.no_dead_steps]
)
@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("AWS.SimpleQueueService.NonExistentQueue", Status.PROBLEM),
        ("QueueDoesNotExist", Status.PROBLEM),
        ("AccessDenied", Status.UNCHECKED),
    ],
)
def test_a_missing_queue_is_a_problem(
    aws: StubbedAws, check: Callable[[str, Deployment], Result], code: str, status: Status
) -> None:
    """A queue that is gone is a problem; one that the operator may not read is not."""
    aws.fails("sqs", "get_queue_attributes", code, NOT_AUTHORIZED.format("sqs:GetQueueAttributes"))
    finding = made(aws, partial(check, JOBS))
    assert finding.status == status
    assert finding.advice
    if status == Status.PROBLEM:
        assert "Do not delete the stack" in finding.advice
        assert "--revert-drift" in finding.advice


@pytest.mark.parametrize(
    ("states", "status"),
    [
        (["Enabled"], Status.OK),
        (["Disabled"], Status.PROBLEM),
        (["Updating"], Status.UNCHECKED),
        ([], Status.PROBLEM),
    ],
)
def test_a_queue_must_be_read(aws: StubbedAws, states: list[str], status: Status) -> None:
    """The queue's event source must be there and enabled."""
    aws.answers("sqs", "get_queue_attributes", {"Attributes": {"QueueArn": "arn:aws:sqs:us-east-1:0:jobs"}})
    mappings = [{"State": state, "UUID": UUID} for state in states]
    aws.answers("lambda", "list_event_source_mappings", {"EventSourceMappings": mappings})
    assert made(aws, partial(queue_checks.is_read, JOBS)).status == status


@pytest.mark.parametrize(
    ("mappings", "says"),
    [
        ([], "make deploy ENV=dev GRADUAL=false CDK_ARGS=--revert-drift"),
        ([{"State": "Disabled", "UUID": UUID}], f"update-event-source-mapping --uuid {UUID} --enabled"),
    ],
)
def test_an_event_source_is_mended(aws: StubbedAws, mappings: list[dict[str, Any]], says: str) -> None:
    """A disabled event source is enabled by one command. One that is gone needs more than an unchanged template."""
    aws.answers("sqs", "get_queue_attributes", {"Attributes": {"QueueArn": "arn:aws:sqs:us-east-1:0:jobs"}})
    aws.answers("lambda", "list_event_source_mappings", {"EventSourceMappings": mappings})
    assert says in str(made(aws, partial(queue_checks.is_read, JOBS)).advice)


def test_dead_letters_are_a_problem(aws: StubbedAws) -> None:
    """The finding says how many there are, and which commands show and redrive them."""
    aws.answers("sqs", "get_queue_attributes", depth(2, 1))
    finding = made(aws, partial(queue_checks.no_dead_letters, "dead"))
    assert finding.status == Status.PROBLEM
    assert finding.says == "there are 3"
    assert finding.advice is not None
    assert "dead-letters list --env dev" in finding.advice


@pytest.mark.parametrize(("count", "status"), [(0, Status.OK), (1, Status.PROBLEM)])
def test_dead_steps_are_found_by_their_queue(aws: StubbedAws, count: int, status: Status) -> None:
    """The dead letters of steps are in the queue that the steps' queue names."""
    policy = json.dumps({"deadLetterTargetArn": "arn:aws:sqs:us-east-1:0:dead-steps", "maxReceiveCount": 9})
    aws.answers("sqs", "get_queue_attributes", {"Attributes": {"RedrivePolicy": policy}})
    aws.answers("sqs", "get_queue_url", {"QueueUrl": "https://sqs.test/0/dead-steps"})
    aws.answers("sqs", "get_queue_attributes", depth(count))
    assert made(aws, partial(queue_checks.no_dead_steps, "steps")).status == status


def test_steps_need_dead_letters(aws: StubbedAws) -> None:
    """A removed redrive policy is found: SQS then names no such attribute."""
    aws.answers("sqs", "get_queue_attributes", {})
    finding = made(aws, partial(queue_checks.no_dead_steps, "steps"))
    assert finding.status == Status.PROBLEM
    assert "redrive policy" in finding.says


def test_every_queue_is_checked() -> None:
    """Each queue has a check; an earlier version has no steps."""
    assert sum(len(chain) for chain in queue_checks.chains(WHOLE)) == 9
    assert sum(len(chain) for chain in queue_checks.chains(replace(WHOLE, batch_steps_queue_url=None))) == 5


def throttled(aws: StubbedAws, rate: float | None) -> None:
    settings = {} if rate is None else {"*/*": {"throttlingRateLimit": rate}}
    aws.answers("apigateway", "get_stage", {"methodSettings": settings})


@pytest.mark.parametrize(
    ("rate", "allowed", "status"),
    [
        (50, 1000, Status.OK),
        (100, 1000, Status.OK),
        (200, 1000, Status.NOTE),
        (None, 1000, Status.UNCHECKED),
    ],
)
def test_the_throttle_must_fit_lambdas_quota(
    aws: StubbedAws, rate: float | None, allowed: int, status: Status
) -> None:
    """200 requests a second of 10 s need 2,000 functions at once, and an account has 1,000."""
    throttled(aws, rate)
    aws.answers("lambda", "get_function_concurrency", {})
    limit = {"ConcurrentExecutions": allowed, "UnreservedConcurrentExecutions": allowed}
    aws.answers("lambda", "get_account_settings", {"AccountLimit": limit})
    finding = made(aws, quota_checks.concurrency)
    assert finding.status == status
    if status == Status.NOTE:
        assert "run 2,000 functions at once, and the account may run 1,000" in finding.says
        assert str(finding.advice).endswith("to 100")


@pytest.mark.parametrize(("reserved", "status"), [(500, Status.OK), (499, Status.NOTE), (0, Status.PROBLEM)])
def test_a_reservation_is_the_functions_limit(aws: StubbedAws, reserved: int, status: Status) -> None:
    """With reserved concurrency, the rest of the account does not count. A reservation of 0 stops the function."""
    throttled(aws, 50)
    aws.answers("lambda", "get_function_concurrency", {"ReservedConcurrentExecutions": reserved})
    finding = made(aws, quota_checks.concurrency)
    assert finding.status == status
    assert f"the chat function's reservation may run {reserved}" in finding.says


@pytest.mark.parametrize(
    ("ours", "accounts", "status"),
    [(50, 10_000, Status.OK), (200, 100, Status.NOTE), (None, 100, Status.UNCHECKED)],
)
def test_the_throttle_must_fit_api_gateways(
    aws: StubbedAws, ours: float | None, accounts: float, status: Status
) -> None:
    """The stage may not let in more than the account's throttle does."""
    throttled(aws, ours)
    aws.answers("apigateway", "get_account", {"throttleSettings": {"rateLimit": accounts}})
    assert made(aws, quota_checks.rate).status == status


@pytest.mark.parametrize(
    ("account", "status", "says"),
    [
        ({"cloudwatchRoleArn": "arn:aws:iam::000000000000:role/logs"}, Status.OK, "by the role logs"),
        ({}, Status.PROBLEM, "the access log stays empty"),
    ],
)
def test_api_gateway_needs_a_role_for_logs(
    aws: StubbedAws, account: dict[str, Any], status: Status, says: str
) -> None:
    """Without the account's role, API Gateway writes no access log."""
    aws.answers("apigateway", "get_account", account)
    finding = made(aws, log_role_check.check)
    assert finding.status == status
    assert says in finding.says
    assert (finding.advice or "").startswith("" if status == Status.OK else "make log-role ENV=dev")


def test_quotas_that_may_not_be_read_are_unchecked(aws: StubbedAws) -> None:
    """API Gateway names its permissions by the HTTP method."""
    aws.fails("apigateway", "get_stage", "AccessDeniedException", NOT_AUTHORIZED.format("apigateway:GET"))
    finding = made(aws, quota_checks.rate)
    assert finding.advice == "Use credentials with the permission apigateway:GET."


@pytest.mark.parametrize(
    ("metric", "composite", "status", "says"),
    [
        ([], [], Status.OK, "there are none"),
        (["OK", "INSUFFICIENT_DATA"], ["OK"], Status.OK, "none of 3 is firing"),
        (["OK", "ALARM"], ["ALARM"], Status.PROBLEM, f"2 of 3 are firing: {NAME}-c0, {NAME}-m1"),
    ],
)
def test_alarms_that_fire_are_named(
    aws: StubbedAws, metric: list[str], composite: list[str], status: Status, says: str
) -> None:
    """Alarms of both kinds are looked at."""
    answer = {
        "MetricAlarms": [
            {"AlarmName": f"{NAME}-m{n}", "StateValue": state} for n, state in enumerate(metric)
        ],
        "CompositeAlarms": [
            {"AlarmName": f"{NAME}-c{n}", "StateValue": state} for n, state in enumerate(composite)
        ],
    }
    aws.answers("cloudwatch", "describe_alarms", answer)
    finding = made(aws, alarm_check.check)
    assert finding.status == status
    assert says in finding.says


@pytest.mark.parametrize(
    ("name", "section", "count"),
    [
        (f"{NAME}-old-jobs", "old-jobs", 1),
        (f"{NAME}-function-errors-api", "function-errors", 1),
        (f"{NAME}-us-old-jobs", "old-jobs", 0),
    ],
)
def test_alarms_of_another_environment_do_not_count(
    aws: StubbedAws, name: str, section: str, count: int
) -> None:
    """The name of another environment may begin with this one's."""
    description = f"A job has been in the queue for long. What to do: docs/operations.md#{section}"
    alarm = {"AlarmName": name, "AlarmDescription": description, "StateValue": "ALARM"}
    aws.answers("cloudwatch", "describe_alarms", {"MetricAlarms": [alarm], "CompositeAlarms": []})
    assert made(aws, alarm_check.check).says.startswith(
        f"{count} of 1 are firing" if count else "there are none"
    )
