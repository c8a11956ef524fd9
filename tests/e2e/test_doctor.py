"""`chat-gateway doctor` finds each part of the stack that is broken. The stack is this file's own, since it ends broken."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from gateway_cli import bedrock_key, stack_outputs
from gateway_cli.stack_outputs import StackOutputs
from local.aws.deployment import ENVIRONMENT_NAME
from local.machine.paths import StateFolder
from local.stack.local_stack import LocalStack
from local.stack.start import deployed
from tests.e2e import operator_commands
from tests.e2e.conftest import MODEL
from tests.e2e.standin import StandinControl

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

NAME = f"bedrock-chat-gateway-{ENVIRONMENT_NAME}"
WITHIN_S = 30


class Examined(NamedTuple):
    """The exit code, and the findings by check."""

    code: int
    by_check: dict[str, dict[str, Any]]
    text: str

    @property
    def wrong(self) -> set[str]:
        """The checks that found a problem. Alarms follow what other tests do, and are looked at in a test of their own."""
        found = {name for name, finding in self.by_check.items() if finding["status"] == "problem"}
        return found - {"alarms"}

    def says(self, check: str) -> str:
        """What a check found, and what to do."""
        finding = self.by_check[check]
        return f"{finding['says']}. {finding['do']}"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """A stack that is broken for good by the last tests."""
    with deployed("echo", state=StateFolder(tmp_path_factory.mktemp("doctor"))) as stack:
        yield stack


@pytest.fixture(scope="module")
def outputs(stack: LocalStack) -> StackOutputs:
    return stack_outputs.read(stack.session(), ENVIRONMENT_NAME)


@pytest.fixture
def key_restored(stack: LocalStack, standin: StandinControl) -> Iterator[None]:
    yield
    bedrock_key.put(stack.session(), stack.secret_arn, stack.bedrock_api_key)
    standin.accept_key(stack.bedrock_api_key)


def examined(stack: LocalStack, *arguments: str) -> Examined:
    result = operator_commands.run(stack, "doctor", "--json", *arguments)
    findings = [json.loads(line) for line in result.stdout.splitlines()]
    return Examined(result.exit_code, {finding["check"]: finding for finding in findings}, result.output)


def test_a_whole_stack_is_in_order(stack: LocalStack, standin: StandinControl) -> None:
    """Nothing is wrong with a stack that was just deployed, and no model was asked."""
    result = operator_commands.run(stack, "doctor")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-1].startswith("Nothing is wrong: ")
    assert all(line.startswith("ok  ") for line in result.stdout.splitlines()[:-1])
    assert standin.counters()["generations"] == 0


def test_models_are_asked_only_if_paid_for(stack: LocalStack, standin: StandinControl) -> None:
    """With --paid, the model is asked once; one that Bedrock does not know is named."""
    found = examined(stack, "--paid")
    assert (found.code, found.by_check["models"]["status"]) == (0, "ok"), found.text
    assert standin.counters()["generations"] == 1
    with standin.failing(MODEL, {"status": 404}):
        found = examined(stack, "--paid")
    assert (found.code, found.wrong) == (1, {"models"}), found.text
    assert f"{MODEL}: Bedrock does not know the model" in found.says("models")


@pytest.mark.usefixtures("key_restored")
@pytest.mark.parametrize(
    ("secret", "says"),
    [
        (" ", "the secret is empty"),
        ("REPLACE-WITH-A-BEDROCK-API-KEY", "still holds the placeholder"),
        ('{"apikey": "a-typing-error"}', "without a text api_key"),
    ],
)
def test_an_emptied_secret(stack: LocalStack, secret: str, says: str) -> None:
    """A secret without a key is found, and Bedrock is not asked with it."""
    stack.session().client("secretsmanager").put_secret_value(SecretId=stack.secret_arn, SecretString=secret)
    found = examined(stack)
    assert (found.code, found.wrong) == (1, {"secret"}), found.text
    assert says in found.says("secret")
    assert "make bedrock-key ENV=local" in found.says("secret")
    assert found.by_check["Bedrock key"]["status"] == "skipped"


@pytest.mark.usefixtures("key_restored")
@pytest.mark.parametrize(
    ("expires", "says"),
    [(True, "refuses the key: it has expired"), (False, "refuses the key: it is not valid")],
)
def test_a_refused_key(stack: LocalStack, standin: StandinControl, expires: bool, says: str) -> None:
    """A key that Bedrock refuses is found, without a call of a model. The key is not printed."""
    standin.accept_key("bedrock-api-key-another-one", expired=(stack.bedrock_api_key,) if expires else ())
    found = examined(stack)
    assert (found.code, found.wrong) == (1, {"Bedrock key"}), found.text
    assert says in found.says("Bedrock key")
    assert stack.bedrock_api_key not in found.text
    assert standin.counters()["generations"] == 0


def test_an_endpoint_that_ignores_guardrails(stack: LocalStack, standin: StandinControl) -> None:
    """Bedrock must refuse a guardrail that does not exist."""
    standin.treat_guardrail_headers(ignored=True)
    try:
        found = examined(stack)
    finally:
        standin.treat_guardrail_headers()
    assert (found.code, found.wrong) == (1, {"Bedrock key"}), found.text
    assert "ignores guardrails" in found.says("Bedrock key")


def test_dead_letters(stack: LocalStack) -> None:
    """Jobs that failed for good are counted."""
    sqs = stack.session().client("sqs")
    sqs.send_message(QueueUrl=stack.dead_letter_queue_url, MessageBody="{}")
    try:
        found = examined(stack)
    finally:
        sqs.purge_queue(QueueUrl=stack.dead_letter_queue_url)
    assert (found.code, found.wrong) == (1, {"dead letters of jobs"}), found.text
    assert "jobs dead-letters list --env local" in found.says("dead letters of jobs")


def test_dead_steps(stack: LocalStack, outputs: StackOutputs) -> None:
    """So are the steps of batches, in the queue that the steps' queue names."""
    sqs = stack.session().client("sqs")
    assert outputs.batch_steps_queue_url is not None
    attributes = sqs.get_queue_attributes(
        QueueUrl=outputs.batch_steps_queue_url, AttributeNames=["RedrivePolicy"]
    )["Attributes"]
    arn = json.loads(attributes["RedrivePolicy"])["deadLetterTargetArn"]
    url = sqs.get_queue_url(QueueName=arn.rpartition(":")[2])["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="{}")
    try:
        found = examined(stack)
    finally:
        sqs.purge_queue(QueueUrl=url)
    assert (found.code, found.wrong) == (1, {"dead letters of batch steps"}), found.text


@contextmanager
def event_source_disabled(functions: LambdaClient, arn: str) -> Iterator[None]:
    (mapping,) = functions.list_event_source_mappings(EventSourceArn=arn)["EventSourceMappings"]
    _enable(functions, mapping["UUID"], is_enabled=False)
    try:
        yield
    finally:
        _enable(functions, mapping["UUID"], is_enabled=True)


def _enable(functions: LambdaClient, uuid: str, *, is_enabled: bool) -> None:
    functions.update_event_source_mapping(UUID=uuid, Enabled=is_enabled)
    deadline = time.monotonic() + WITHIN_S
    wanted = "Enabled" if is_enabled else "Disabled"
    while functions.get_event_source_mapping(UUID=uuid)["State"] != wanted:
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_a_worker_that_does_not_read(stack: LocalStack) -> None:
    """A disabled event source is found: jobs would wait without a word."""
    sqs = stack.session().client("sqs")
    arn = sqs.get_queue_attributes(QueueUrl=stack.jobs_queue_url, AttributeNames=["QueueArn"])["Attributes"]
    with event_source_disabled(stack.session().client("lambda"), arn["QueueArn"]):
        found = examined(stack)
    assert (found.code, found.wrong) == (1, {"jobs worker reads the queue"}), found.text


def test_a_firing_alarm(stack: LocalStack) -> None:
    """An alarm whose name begins with the stack's is found while it fires."""
    cloudwatch, name = stack.session().client("cloudwatch"), f"{NAME}-made-up"
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace="test",
        MetricName="test",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="test")
    try:
        found = examined(stack)
    finally:
        cloudwatch.delete_alarms(AlarmNames=[name])
    assert (found.code, found.by_check["alarms"]["status"]) == (1, "problem"), found.text
    assert name in found.says("alarms")


def test_settings_beyond_the_quotas(stack: LocalStack) -> None:
    """An API that lets in more than Lambda may run is noted. Nothing is wrong yet, so the exit status is 0."""
    gateway = stack.session().client("apigateway")
    place = {"restApiId": stack.rest_api_id, "stageName": stack.stage_name}
    path = "/*/*/throttling/rateLimit"
    before = gateway.get_stage(**place)["methodSettings"]["*/*"]["throttlingRateLimit"]

    def throttle(rate: float) -> None:
        change: Any = {"op": "replace", "path": path, "value": str(rate)}
        gateway.update_stage(**place, patchOperations=[change])

    throttle(20_000)
    try:
        found = examined(stack)
    finally:
        throttle(before)
    assert (found.code, found.wrong) == (0, set()), found.text
    assert {found.by_check[check]["status"] for check in ("Lambda quota", "API Gateway quota")} == {"note"}


def test_no_such_stack(stack: LocalStack) -> None:
    """A stack that is not there is one line."""
    found = examined(stack, "--stack", "no-such-stack")
    assert (found.code, found.wrong, len(found.by_check)) == (1, {"stack"}, 1), found.text
    assert "make deploy ENV=local" in found.says("stack")


def test_aws_that_does_not_answer(stack: LocalStack) -> None:
    """Without AWS, nothing is known: another exit code."""
    nowhere = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"}  # nothing listens there
    result = operator_commands.run(stack, "doctor", **nowhere)
    assert result.exit_code == 3, result.output
    assert result.stdout.startswith("?        stack: could not be checked: ")


def test_a_deleted_guardrail(stack: LocalStack) -> None:
    """A guardrail that is gone is found, and it is not tried whether it blocks. Nothing brings it back."""
    stack.session().client("bedrock").delete_guardrail(guardrailIdentifier=stack.guardrail_identifier)
    found = examined(stack)
    assert found.code == 1
    assert found.wrong == {"guardrail"}, found.text
    assert f"no guardrail {stack.guardrail_identifier}:{stack.guardrail_version}" in found.says("guardrail")
    assert found.by_check["guardrail blocks"]["status"] == "skipped"


def test_a_queue_that_is_gone(stack: LocalStack) -> None:
    """A jobs queue that cannot be read is found, and its event source is not looked for."""
    stack.session().client("sqs").delete_queue(QueueUrl=stack.jobs_queue_url)
    found = examined(stack)
    assert "jobs queue" in found.wrong, found.text
    assert found.by_check["jobs worker reads the queue"]["status"] == "skipped"


def test_tables_that_are_gone(stack: LocalStack, outputs: StackOutputs) -> None:
    """Each table that is gone is found. Without the table of clients, the API answers 500 to every key."""
    dynamodb = stack.session().client("dynamodb")
    tables = (outputs.clients_table, outputs.usage_table, outputs.resources_table, outputs.job_records_table)
    for table in tables:
        assert table is not None
        dynamodb.update_table(TableName=table, DeletionProtectionEnabled=False)
        dynamodb.delete_table(TableName=table)
    found = examined(stack)
    names = {f"table of {name}" for name in ("clients", "usage", "resources", "job records")}
    assert names < found.wrong, found.text
    assert "API" in found.wrong
    assert "the authorizer fails" in found.says("API")
