"""`chat-gateway doctor`: its lines and exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError, NoRegionError
from click.testing import CliRunner, Result

from gateway_cli import stack_outputs
from gateway_cli.command import cli
from gateway_cli.doctor import checks, examination, findings, stack_check, views
from gateway_cli.doctor.deployment import Deployment
from gateway_cli.doctor.examination import Check
from gateway_cli.doctor.findings import Finding, Status
from tests.unit.gateway_cli.doctor.stubbed_aws import NAME, NOT_AUTHORIZED, WHOLE, StubbedAws

OUTPUTS = {
    **dict.fromkeys(("BaseUrl", "RestApiId", "ClientsTableName", "JobsQueueUrl", "ResultsQueueUrl"), "x"),
    **dict.fromkeys(("DeadLetterQueueUrl", "JobRecordsTableName", "LargeResultsBucketName"), "x"),
    **dict.fromkeys(("ChatLogGroupName", "WorkerLogGroupName", *stack_check.EXPECTED), "x"),
}
Run = Callable[..., Result]


def stack(status: str = "UPDATE_COMPLETE", *, without: str = "", drift: str = "NOT_CHECKED") -> Any:
    outputs = [{"OutputKey": k, "OutputValue": v} for k, v in OUTPUTS.items() if k != without]
    return {
        "StackName": NAME,
        "StackStatus": status,
        "Outputs": outputs,
        "DriftInformation": {"StackDriftStatus": drift},
    }


@pytest.mark.parametrize(
    ("described", "status", "says"),
    [
        (stack(), Status.OK, f"{NAME} is UPDATE_COMPLETE"),
        (stack("UPDATE_ROLLBACK_COMPLETE"), Status.PROBLEM, "the last deployment failed"),
        (stack("UPDATE_IN_PROGRESS"), Status.UNCHECKED, "other findings may change"),
        (stack("UPDATE_ROLLBACK_FAILED"), Status.PROBLEM, "UPDATE_ROLLBACK_FAILED: neither version is whole"),
        (stack(without="UsageTableName"), Status.PROBLEM, "an earlier version"),
        (stack(drift="DRIFTED"), Status.PROBLEM, "changed outside of CloudFormation"),
        (stack("ROLLBACK_COMPLETE", without="BaseUrl"), Status.PROBLEM, "has no output 'BaseUrl'"),
    ],
)
def test_the_stack_is_judged(described: Any, status: Status, says: str) -> None:
    """The stack must be whole, of this version, and unchanged by hand."""
    result, outputs = stack_check.checked(described, "dev")
    assert result.status == status
    assert says in result.says
    assert (outputs is None) == ("BaseUrl" in says)
    assert (result.advice is None) == (status == Status.OK)


@pytest.mark.parametrize(
    ("code", "message", "status", "says"),
    [
        ("ValidationError", "Stack with id gw-dev does not exist", Status.PROBLEM, "There is no stack"),
        (
            "AccessDenied",
            NOT_AUTHORIZED.format("cloudformation:DescribeStacks"),
            Status.UNCHECKED,
            "may not call",
        ),
    ],
)
def test_without_a_stack_there_is_one_finding(
    aws: StubbedAws, code: str, message: str, status: Status, says: str
) -> None:
    """A stack that is missing or cannot be seen is one line."""
    aws.fails("cloudformation", "describe_stacks", code, message)
    (finding,) = checks.examined(aws.deployment().session, "dev", NAME)
    assert finding.status == status
    assert says in finding.says
    assert finding.advice


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (EndpointConnectionError(endpoint_url="https://aws.test"), "https://aws.test"),
        (NoCredentialsError(), "there are no AWS credentials"),
        (NoRegionError(), "there is no region"),
    ],
)
def test_aws_that_cannot_be_asked_is_one_finding(
    monkeypatch: pytest.MonkeyPatch, aws: StubbedAws, error: Exception, says: str
) -> None:
    """Errors of the network and of the operator's own settings are no problem of the environment."""

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(stack_outputs, "describe", fail)
    (finding,) = checks.examined(aws.deployment().session, "dev")
    assert finding.status == Status.UNCHECKED
    assert says in finding.says


@pytest.mark.parametrize("error", [NoCredentialsError(), NoRegionError()])
def test_a_shell_without_the_local_variables(
    monkeypatch: pytest.MonkeyPatch, aws: StubbedAws, error: Exception
) -> None:
    """For the local stack, the finding says how to set AWS's variables."""

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(stack_outputs, "describe", fail)
    (finding,) = checks.examined(aws.deployment().session, "local")
    assert 'eval "$(chat-gateway env --env local)"' in str(finding.advice)


def test_every_check_is_made(aws: StubbedAws, monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind the stack come the checks of each part, and the models only if they are paid for."""
    aws.answers("cloudformation", "describe_stacks", {"Stacks": [{**stack(), "CreationTime": 0}]})
    monkeypatch.setattr(examination, "_result", lambda *_: findings.ok("fine"))
    free = [finding.check for finding in checks.examined(aws.deployment().session, "dev", NAME)]
    assert free[:4] == ["stack", "secret", "Bedrock key", "guardrail"]
    aws.answers("cloudformation", "describe_stacks", {"Stacks": [{**stack(), "CreationTime": 0}]})
    paid = checks.examined(aws.deployment().session, "dev", NAME, is_paid=True)
    assert {finding.check for finding in paid} - set(free) == {"models"}


def test_a_check_whose_cause_is_wrong_is_not_made(aws: StubbedAws) -> None:
    """A chain ends at its first finding that is not in order; other chains go on, and the order stays."""
    made: list[str] = []

    def check(name: str, result: findings.Result) -> Check:
        def run(_: object) -> findings.Result:
            made.append(name)
            return result

        return Check(name, run)

    first = (
        check("a", findings.note("fine", "do")),
        check("b", findings.problem("bad", "do")),
        check("c", findings.ok("")),
    )
    second = (check("d", findings.ok("fine")),)
    found = list(examination.findings_of([first, second], aws.deployment()))
    assert [(finding.check, finding.status) for finding in found] == [
        *(("a", Status.NOTE), ("b", Status.PROBLEM), ("c", Status.SKIPPED), ("d", Status.OK)),
    ]
    assert sorted(made) == ["a", "b", "d"]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs the command with made-up findings."""
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.delenv("AWS_PROFILE", raising=False)

    def run(found: list[Finding], *arguments: str) -> Result:
        def examined(session: boto3.Session, *_: object, **__: object) -> Iterator[Finding]:
            assert session.region_name == "us-east-1"
            yield from found

        monkeypatch.setattr(checks, "examined", examined)
        return CliRunner().invoke(cli, ["doctor", "--env", "dev", *arguments])

    return run


FINE = Finding("stack", Status.OK, "it is there")
NOTED = Finding("Lambda quota", Status.NOTE, "it is lower than the throttle", "Raise it")
WRONG = Finding("secret", Status.PROBLEM, "it is empty", "Store a key")
UNKNOWN = Finding("alarms", Status.UNCHECKED, "could not be checked: no permission")
SKIPPED = Finding("Bedrock key", Status.SKIPPED, 'not checked, because "secret" is wrong')


@pytest.mark.parametrize(
    ("found", "code", "summary"),
    [
        ([FINE], 0, "Nothing is wrong: 1 check."),
        ([FINE, NOTED], 0, "Nothing is wrong: 2 checks, 1 note."),
        ([NOTED, NOTED, WRONG], 1, "1 problem, 2 notes."),
        ([NOTED, UNKNOWN], 3, "No problem found, 1 note, 1 check could not be made."),
        ([UNKNOWN], 3, "Nothing could be checked."),
        ([FINE, WRONG], 1, "1 problem."),
        ([FINE, WRONG, WRONG, SKIPPED, UNKNOWN], 1, "2 problems, 2 checks could not be made."),
        ([FINE, UNKNOWN], 3, "No problem found, 1 check could not be made."),
    ],
)
def test_exit_codes(run: Run, found: list[Finding], code: int, summary: str) -> None:
    """0 if all is well, 1 if something is wrong, 3 if that is not known."""
    result = run(found)
    assert result.exit_code == code
    assert result.output.splitlines()[-1] == summary


def test_a_finding_is_a_line(run: Run) -> None:
    """Each line has the status, the check, what was found and what to do."""
    assert run([FINE, NOTED, WRONG, UNKNOWN, SKIPPED]).output.splitlines()[:5] == [
        "ok       stack: it is there",
        "note     Lambda quota: it is lower than the throttle. Raise it",
        "PROBLEM  secret: it is empty. Store a key",
        "?        alarms: could not be checked: no permission",
        '-        Bedrock key: not checked, because "secret" is wrong',
    ]


def test_a_finding_is_json(run: Run) -> None:
    """With --json each line is an object, and nothing else is printed."""
    (line,) = run([WRONG], "--json").output.splitlines()
    assert json.loads(line) == {
        "check": "secret",
        "status": "problem",
        "says": "it is empty",
        "do": "Store a key",
    }


def test_a_finding_controls_no_terminal() -> None:
    """Characters that could control a terminal are replaced, also in names that AWS gives."""
    assert "\x1b" not in views.line(Finding("alarms", Status.PROBLEM, "firing: \x1b[2J"))


def test_clients_have_short_timeouts() -> None:
    """A check of a service that does not answer ends within seconds."""
    session = boto3.Session("x", "x", region_name="us-east-1")
    config = Deployment("dev", NAME, session, WHOLE).client("sqs").meta.config
    assert (config.connect_timeout + config.read_timeout) * config.retries["total_max_attempts"] < 20
