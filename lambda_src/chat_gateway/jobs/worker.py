"""The jobs worker: answers a batch of SQS messages, and reports the messages to deliver again.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from chat_gateway.aws.json_client import AwsJsonPool
from chat_gateway.aws.settings import AwsSettings
from chat_gateway.client_policies.clients_table import ClientsTable, new_dynamodb_client
from chat_gateway.client_policies.policies import ClientPolicies
from chat_gateway.client_policies.settings import ClientsSettings, UsageSettings
from chat_gateway.core.startup import Startup
from chat_gateway.jobs import batch as job_batch
from chat_gateway.jobs import lines as job_lines
from chat_gateway.jobs import queue_record
from chat_gateway.jobs.delays import JobDelays
from chat_gateway.jobs.ends import QueueEnds
from chat_gateway.jobs.lines import JobMessage
from chat_gateway.jobs.post import JobPost
from chat_gateway.jobs.records import JobRecords
from chat_gateway.jobs.results import JobResults
from chat_gateway.jobs.runs import JobRuns
from chat_gateway.jobs.settings import WorkerSettings
from chat_gateway.jobs.vetting.vetting import JobVetting, Vetted
from chat_gateway.service import request_log, wiring
from chat_gateway.service.request_log import RequestLog
from chat_gateway.service.settings import UpstreamSettings
from watchdog_timer import watched

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from chat_gateway.client_policies.meter import Metering
    from chat_gateway.completions.completions import ChatCompletions
    from chat_gateway.jobs.batch_lines.batch_lines import BatchLines
    from chat_gateway.service.line_metrics import LineMetrics

# A slow call must end within the time reserved for storing and sending.
_CONNECT_S, _READ_S, _ATTEMPTS = 1, 3, 3
# More than elsewhere: an answer that cannot be stored is lost, although it was paid for.
_RECORD_ATTEMPTS = 5
# Lambda's largest log line is 256 KB, and a key has 128 characters.
_MAX_IDS_LOGGED = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """The worker's stores and queues."""

    records: JobRecords
    results: JobResults
    post: JobPost

    @classmethod
    def of(cls, settings: WorkerSettings, aws: AwsSettings) -> Storage:
        """Storage with boto3 clients, which must be created in one thread."""
        config = Config(
            max_pool_connections=settings.width,
            connect_timeout=_CONNECT_S,
            read_timeout=_READ_S,
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
        )
        return cls(
            records=JobRecords(
                dynamodb=_dynamodb(aws),
                table=settings.records_table,
                kept_for_s=settings.record_kept_s,
            ),
            results=JobResults(s3=boto3.client("s3", config=config), bucket=settings.results_bucket),
            post=JobPost(
                sqs=boto3.client("sqs", config=config),
                jobs_url=settings.jobs_queue_url,
                results_url=settings.results_queue_url,
                dead_letters_url=settings.dead_letter_queue_url,
            ),
        )


def _dynamodb(aws: AwsSettings) -> AwsJsonPool:
    return AwsJsonPool(lambda: new_dynamodb_client(aws, attempts=_RECORD_ATTEMPTS))


def _metering(aws: AwsSettings) -> Metering:
    from chat_gateway.client_policies.meter import Metering  # for clients with limits or recorded usage

    return Metering.of(UsageSettings.from_env(), _dynamodb(aws))


def _lines(storage: Storage, aws: AwsSettings, policies: ClientPolicies, *, width: int) -> BatchLines:
    from chat_gateway.jobs.batch_lines.batch_lines import BatchLines  # for lines of batches
    from chat_gateway.jobs.batch_lines.settings import BatchLinesSettings

    return BatchLines.of(BatchLinesSettings.from_env(), storage, _dynamodb(aws), policies, width=width)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerState:
    """The state that every batch needs, built from the settings."""

    settings: WorkerSettings
    upstream: UpstreamSettings
    completions: ChatCompletions
    storage: Storage
    delays: JobDelays
    policies: ClientPolicies
    metering: Callable[[], Metering]  # made when the first job needs it
    vetting: JobVetting
    lines: Callable[[], BatchLines]  # made when the first line of a batch comes

    @classmethod
    def from_env(cls) -> WorkerState:
        """Builds the state. Raises ConfigurationError that names the missing or wrong variable."""
        settings, upstream, aws = (
            WorkerSettings.from_env(),
            UpstreamSettings.from_env(),
            AwsSettings.from_env(),
        )
        storage = Storage.of(settings, aws)
        policies = ClientPolicies(ClientsTable(_dynamodb(aws), ClientsSettings.from_env().clients_table))
        return cls(
            settings=settings,
            upstream=upstream,
            completions=wiring.completions(upstream, aws, max_connections=settings.width),
            storage=storage,
            policies=policies,
            metering=cache(lambda: _metering(aws)),
            delays=JobDelays(first_s=settings.retry_delay_s, max_s=settings.max_retry_delay_s),
            vetting=JobVetting(),
            lines=cache(lambda: _lines(storage, aws, policies, width=settings.width)),
        )


class Worker:
    """Handles batches, and keeps its state between them. `clock` is in monotonic seconds."""

    def __init__(
        self,
        startup: Startup[WorkerState],
        logger: Logger,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        metrics: LineMetrics | None = None,
    ) -> None:
        self._startup, self._logger, self._clock, self._sleep = startup, logger, clock, sleep
        self._metrics = metrics  # in the log lines; None if the environment has none

    def handle(self, event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        """The messages to deliver again, as a partial batch response for SQS."""
        messages = [queue_record.read(record) for record in event["Records"]]
        self._log_batch(messages, context)
        state = self._startup.state
        runs = self.runs(state, context)
        messages = _with_lines(messages, runs)
        runs.vetted = self._vetted(messages, state.vetting, runs, context)
        failed = job_batch.work_through(messages, runs, state.storage.post, width=state.settings.width)
        return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}

    def _log_batch(self, messages: Sequence[JobMessage], context: LambdaContext) -> None:
        """Logs the batch before any job is read, because a worker that dies writes no line for its jobs."""
        ids = [job_lines.result_id(message.key) for message in messages[:_MAX_IDS_LOGGED]]
        extra = {"jobs": ids, "total": len(messages), "lambda_request_id": context.aws_request_id}
        self._logger.info("jobs", extra=extra)

    def runs(self, state: WorkerState, context: LambdaContext) -> JobRuns:
        """The runs of one invocation, before the first attempt."""
        killed_at = self._clock() + context.get_remaining_time_in_millis() / 1000

        def new_log() -> RequestLog:
            log = RequestLog(
                self._logger, secret_arn=state.upstream.api_key_secret_arn, metrics=self._metrics
            )
            log.add(lambda_request_id=context.aws_request_id)
            return log

        return JobRuns(
            completions=state.completions,
            records=state.storage.records,
            queue_ends=QueueEnds(state.storage.records, state.storage.results),
            lines=state.lines,
            upstream=state.upstream,
            settings=state.settings,
            delays=state.delays,
            policies=state.policies,
            metering=state.metering,
            ends_at=killed_at - state.settings.ending_s,
            killed_at=killed_at,
            new_log=new_log,
            clock=self._clock,
            sleep=self._sleep,
        )

    def _vetted(
        self, messages: Sequence[JobMessage], vetting: JobVetting, runs: JobRuns, context: LambdaContext
    ) -> Vetted:
        """Vets the batch if one of its jobs was delivered before, since a worker may have died at that job.

        Then new jobs are vetted too: a new job that kills the worker would cost the others another attempt.
        """
        if all(message.receives == 1 for message in messages):
            return Vetted()
        now = self._clock()
        vetted = vetting.vet(messages, until=now + (runs.begin_by - now) / 2)
        if vetted.failed:
            self._logger.error("jobs not vetted", extra={"lambda_request_id": context.aws_request_id})
        return vetted


def _with_lines(messages: list[JobMessage], runs: JobRuns) -> list[JobMessage]:
    """The messages; those of lines of batches have the lines as their bodies. Notes in `runs` which are not run."""
    if all(message.batch_line is None for message in messages):
        return messages
    messages, runs.not_loaded = runs.lines().load(messages)
    return messages


startup, metrics = Startup(WorkerState.from_env), request_log.line_metrics()
handle = watched(Worker(startup, request_log.logger(metrics), metrics=metrics).handle)
