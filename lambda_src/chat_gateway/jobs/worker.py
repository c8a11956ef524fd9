"""The jobs worker: answers a batch of SQS messages, and reports those that are to be delivered again.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Logger
from botocore.config import Config

from chat_gateway.aws.json_client import AwsJsonClient, AwsJsonPool
from chat_gateway.aws.settings import AwsSettings
from chat_gateway.core.errors import ConfigurationError
from chat_gateway.jobs import batch as job_batch
from chat_gateway.jobs import lines as jobs
from chat_gateway.jobs.delays import JobDelays
from chat_gateway.jobs.lines import JobMessage
from chat_gateway.jobs.post import JobPost
from chat_gateway.jobs.records import JobRecords
from chat_gateway.jobs.results import JobResults
from chat_gateway.jobs.runs import JobRuns
from chat_gateway.jobs.settings import WorkerSettings
from chat_gateway.jobs.vetting import JobVetting, Vetted
from chat_gateway.service import wiring as runtime
from chat_gateway.service.request_log import RequestLog
from watchdog_timer import watched

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from chat_gateway.completions.completions import Completions

# A slow call must not outlive the time that is kept for storing and sending.
_CONNECT_S, _READ_S, _ATTEMPTS = 1, 3, 3
# More than elsewhere: an answer that cannot be recorded has been paid for in vain.
_RECORD_ATTEMPTS = 5

# By which a sender that repeats itself, not knowing whether a message arrived, has one job and not two.
_KEY = re.compile(r"[A-Za-z0-9_-]{1,128}")
# Lambda's largest log line is 256 KB, and a key has 128 characters.
_MAX_IDS_LOGGED = 100

_logger = Logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Aws:
    """What the worker keeps and sends things with."""

    records: JobRecords
    results: JobResults
    post: JobPost


@cache
def _completions() -> Completions:
    return runtime.completions(max_connections=_settings().width)


@cache
def _settings() -> WorkerSettings:
    return WorkerSettings.from_env()


@cache
def _aws() -> Aws:
    """Made once, by one thread: boto3 creates clients safely in one only."""
    settings = _settings()
    config = Config(
        max_pool_connections=settings.width,
        connect_timeout=_CONNECT_S,
        read_timeout=_READ_S,
        retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
    )
    return Aws(
        records=JobRecords(
            dynamodb=AwsJsonPool(_new_dynamodb_client),
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


def _new_dynamodb_client() -> AwsJsonClient:
    return AwsJsonClient(
        AwsSettings.from_env(),
        service="dynamodb",
        target_prefix="DynamoDB_20120810",
        json_version="1.0",
        attempts=_RECORD_ATTEMPTS,
    )


@cache
def _delays() -> JobDelays:
    settings = _settings()
    return JobDelays(first_s=settings.retry_delay_s, max_s=settings.max_retry_delay_s)


@cache
def _vetting() -> JobVetting:
    return JobVetting()


@watched
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """The messages to be delivered again, as SQS wants them reported."""
    messages = [_message(record) for record in event["Records"]]
    _log_batch(messages, context)
    runs = _runs(context)
    runs.vetted = _vetted(messages, runs, context)
    failed = job_batch.work_through(messages, runs, _aws().post, width=_settings().width)
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def _log_batch(messages: Sequence[JobMessage], context: LambdaContext) -> None:
    """One line before any job is read: a worker that dies writes none of the jobs' own."""
    ids = [jobs.result_id(message.key) for message in messages[:_MAX_IDS_LOGGED]]
    _logger.info(
        "jobs", extra={"jobs": ids, "total": len(messages), "lambda_request_id": context.aws_request_id}
    )


def _vetted(messages: Sequence[JobMessage], runs: JobRuns, context: LambdaContext) -> Vetted:
    """Which jobs kill their worker, where one was delivered before: that may have been to a worker that died.

    Then the others are vetted too, since one that is new could kill those that come a second time.
    """
    if all(message.receives == 1 for message in messages):
        return Vetted()
    now = time.monotonic()
    vetted = _vetting().vet(messages, until=now + (runs.begin_by - now) / 2)
    if vetted.failed:
        _logger.error("jobs not vetted", extra={"lambda_request_id": context.aws_request_id})
    return vetted


def _message(record: dict[str, Any]) -> JobMessage:
    sent = record.get("messageAttributes", {}).get(jobs.KEY_ATTRIBUTE)
    key = (sent or {}).get("stringValue") or ""
    is_key = _KEY.fullmatch(key) is not None
    return JobMessage(
        id=record["messageId"],
        key=key if is_key else record["messageId"],
        has_bad_key=sent is not None and not is_key,
        # Of a role's sessions the role: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
        sender=record["attributes"].get("SenderId", "").partition(":")[0],
        receipt_handle=record["receiptHandle"],
        body=record["body"],
        receives=int(record["attributes"]["ApproximateReceiveCount"]),
        sent_at_s=int(record["attributes"]["SentTimestamp"]) / 1000,
    )


def _runs(context: LambdaContext) -> JobRuns:
    upstream, settings, aws = runtime.upstream_settings(), _settings(), _aws()
    killed_at = time.monotonic() + context.get_remaining_time_in_millis() / 1000

    def new_log() -> RequestLog:
        log = RequestLog(_logger, secret_arn=upstream.api_key_secret_arn)
        log.add(lambda_request_id=context.aws_request_id)
        return log

    return JobRuns(
        completions=_completions(),
        records=aws.records,
        results=aws.results,
        upstream=upstream,
        settings=settings,
        delays=_delays(),
        ends_at=killed_at - settings.ending_s,
        killed_at=killed_at,
        new_log=new_log,
    )


# Lambda gives initialisation a full CPU; a bad setting is left to the first batch, which comes back for it.
with contextlib.suppress(ConfigurationError):
    _completions()
    _aws()
