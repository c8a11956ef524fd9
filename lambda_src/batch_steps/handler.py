"""The entry point: runs the steps that SQS delivers, and asks for the steps after them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import boto3
from aws_lambda_powertools import Logger
from botocore.config import Config
from botocore.exceptions import ClientError

from batch_steps.answers import Answers
from batch_steps.batch_table import BatchMissingError, BatchTable, Claim, LeaseHeldError
from batch_steps.input_file import InputFiles
from batch_steps.queues import StepQueues
from batch_steps.settings import StepSettings
from batch_steps.steps import Steps
from batch_steps.validation import InputLimits
from chat_gateway.client_policies.policies import ClientPolicies
from chat_gateway.core.startup import Startup
from chat_gateway.service.request_log import RequestLog
from resource_items import batch_lines, ids
from watchdog_timer import watched

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

# A step stops in time to keep its progress and to ask for the next step.
_ENDING_SHARE = 0.2
# A message comes again after a failure of its step: after this time, and later each time.
_RETRY_S, _MAX_RETRY_S = 15, 300
# While another step has the batch. Most steps take less than the first time.
_HELD_S, _MAX_HELD_S = 2, 10
# A batch's items are written after its first message is sent. A message of a batch that is this old, and missing, is dropped.
_CREATED_WITHIN_S = 60
# A message that is due within this time counts as arrived, since clocks differ.
_DUE_S = 10
# Nothing is wrong then: another step has the batch; its items may be about to be written.
_NO_FAULTS = (LeaseHeldError, BatchMissingError)
_CONFIG = Config(connect_timeout=3, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 5})


class StepState(NamedTuple):
    """The state that every step needs, built from the settings."""

    settings: StepSettings
    batches: BatchTable
    inputs: InputFiles
    answers: Answers
    queues: StepQueues
    policies: ClientPolicies

    @classmethod
    def from_env(cls) -> StepState:
        """Builds the state. Raises ConfigurationError that names the missing or wrong variable."""
        settings = StepSettings.from_env()
        dynamodb, s3, sqs = (
            boto3.client("dynamodb", config=_CONFIG),
            boto3.client("s3", config=_CONFIG),
            boto3.client("sqs", config=_CONFIG),
        )
        limits = InputLimits(settings.max_lines, settings.max_input_bytes, settings.max_line_bytes)
        return cls(
            settings=settings,
            batches=BatchTable(dynamodb, settings.resources_table),
            inputs=InputFiles(s3, settings.files_bucket, limits),
            answers=Answers(dynamodb, settings.records_table, s3, settings.results_bucket),
            queues=StepQueues(sqs, settings.jobs_queue_url, settings.steps_queue_url),
            policies=ClientPolicies.from_env(),
        )


class StepsFunction:
    """Handles the messages of steps. `clock` is in epoch seconds, `timer` in monotonic seconds."""

    def __init__(
        self,
        startup: Startup[StepState],
        logger: Logger,
        *,
        clock: Callable[[], float] = time.time,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._startup, self._logger, self._clock, self._timer = startup, logger, clock, timer

    def handle(self, event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        """The messages to deliver again, as a partial batch response for SQS."""
        failed = [record["messageId"] for record in event["Records"] if not self._handled(record, context)]
        return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}

    def _handled(self, record: dict[str, Any], context: LambdaContext) -> bool:
        """Whether the message is done with. Never raises."""
        log, started = RequestLog(self._logger, secret_arn=None), self._timer()
        receives = int(record["attributes"]["ApproximateReceiveCount"])
        log.add(lambda_request_id=context.aws_request_id, receives=receives)
        outcome = self._outcome(record["body"], context, log)
        fault = None if isinstance(outcome, _NO_FAULTS) else outcome
        if fault is not None:
            log.add_fault(fault)
            log.add(aws_error=_aws_code(fault))
        is_handled = outcome is None or isinstance(outcome, MalformedStepError)
        if not is_handled:
            log.add(retry_in_s=self._put_back(record, self._delay_s(outcome, receives)))
        log.add(latency_ms=round((self._timer() - started) * 1000))
        log.write("batch step", failed=fault is not None)
        return is_handled

    def _outcome(self, body: str, context: LambdaContext, log: RequestLog) -> Exception | None:
        """Runs the step. Returns what it raised."""
        try:
            left_s = context.get_remaining_time_in_millis() / 1000
            stops_at = self._timer() + left_s * (1 - _ENDING_SHARE)
            run = StepRun(self._startup.state, log, self._clock, has_time=lambda: self._timer() < stops_at)
            run.handle(body, lease_s=left_s)
        except Exception as fault:  # noqa: BLE001 - the message must come again
            return fault
        return None

    def _delay_s(self, outcome: Exception | None, receives: int) -> int:
        """When a message that was put back comes again."""
        if isinstance(outcome, LeaseHeldError):
            return max(1, min(_HELD_S * receives, _MAX_HELD_S, outcome.until_s - int(self._clock())))
        return min(_RETRY_S * receives, _MAX_RETRY_S)

    def _put_back(self, record: dict[str, Any], delay_s: int) -> int | None:
        """Lets the message come again. None: it comes after the queue's visibility timeout."""
        try:
            self._startup.state.queues.put_back(record["receiptHandle"], delay_s=delay_s)
        except Exception:  # noqa: BLE001 - SQS delivers it again in any case
            return None
        return delay_s


class MalformedStepError(ValueError):
    """A message is not one of a step. It is dropped."""


class StepRun(NamedTuple):
    """One delivery of a message."""

    state: StepState
    log: RequestLog
    clock: Callable[[], float]
    has_time: Callable[[], bool]

    def handle(self, body: str, *, lease_s: float) -> None:
        """Runs the step that the message asks for.

        Raises what the step raises, LeaseHeldError, and MalformedStepError.
        """
        batch_id = _batch_id(body)
        self.log.add(batch=batch_id)
        try:
            claim = self.state.batches.claim(batch_id, now_s=self.clock(), lease_s=lease_s)
        except LeaseHeldError:
            self.log.add(held_elsewhere=True)
            raise
        except BatchMissingError:
            self._check_age(batch_id)
        else:
            self._run(claim)

    def _check_age(self, batch_id: str) -> None:
        """Raises BatchMissingError if the batch may be about to be made."""
        self.log.add(missing=True)
        if self.clock() < ids.made_at_s(batch_id) + _CREATED_WITHIN_S:
            raise BatchMissingError

    def _run(self, claim: Claim) -> None:
        self.log.add(
            attempts=claim.progress.attempts,
            client=claim.progress.state.client,
            status_before=claim.progress.state.status,
        )
        try:
            if claim.progress.attempts > self.state.settings.max_attempts:
                self._steps.give_up(claim)
            delay_s = self._steps.run(claim)
        except Exception:
            claim.abandon()
            raise
        self._ask_for_next(claim, delay_s)
        now = claim.progress
        self.log.add(
            batch_status=now.state.status,
            lines=now.state.total_lines,
            sent_lines=now.sent_lines,
            next_step_in_s=delay_s,
        )

    def _ask_for_next(self, claim: Claim, delay_s: int | None) -> None:
        """Asks for the next step, unless a message for it is on its way. Then lets other steps have the batch.

        If it is killed in between, one message more is on its way. The messages become one at the next long wait.
        """
        now_s, planned = int(self.clock()), claim.progress.next_step_at
        if delay_s is None or now_s + _DUE_S < planned <= now_s + delay_s:
            claim.release(next_step_at=None)
            return
        client = claim.progress.state.client
        self.state.queues.ask_for_step(claim.batch_id, client=client, delay_s=delay_s)
        claim.release(next_step_at=now_s + delay_s)

    @property
    def _steps(self) -> Steps:
        state = self.state
        return Steps(
            inputs=state.inputs,
            answers=state.answers,
            queues=state.queues,
            policies=state.policies,
            requests_per_minute=state.settings.requests_per_minute,
            clock=self.clock,
            has_time=self.has_time,
        )


def _batch_id(body: str) -> str:
    try:
        return batch_lines.batch_of_step(body)
    except ValueError:
        raise MalformedStepError from None


def _aws_code(fault: Exception) -> str | None:
    """AWS's name of the error, if it is one of AWS."""
    return (
        f"{fault.operation_name}: {fault.response['Error']['Code']}"
        if isinstance(fault, ClientError)
        else None
    )


startup = Startup(StepState.from_env)
handle = watched(StepsFunction(startup, Logger()).handle)
