"""The jobs worker: answers a batch of SQS messages, and reports those that are to be tried again.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

from __future__ import annotations

import contextlib
import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Logger
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from chat_gateway import jobs, runtime
from chat_gateway.errors import (
    ConfigurationError,
    GatewayError,
    RequestTooLargeError,
    UpstreamCredentialsError,
)
from chat_gateway.job_results import JobResults
from chat_gateway.request_log import RequestLog
from chat_gateway.settings import WorkerSettings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from chat_gateway.completions import Completions
    from chat_gateway.jobs import Result

_WIDTH = 10  # records of a batch in progress at once
# Client errors that another attempt may not meet again: timeout, model error, throttling.
_RETRYABLE = frozenset({408, 424, 429})

# A slow call must not outlive the time that the function has left after a job's own.
_AWS_CONFIG = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})

_logger = Logger()


@cache
def _completions() -> Completions:
    return runtime.completions(max_connections=_WIDTH)


@cache
def _settings() -> WorkerSettings:
    return WorkerSettings.from_env()


@cache
def _results() -> JobResults:
    settings = _settings()
    return JobResults(
        sqs=boto3.client("sqs", config=_AWS_CONFIG),
        s3=boto3.client("s3", config=_AWS_CONFIG),
        queue_url=settings.results_queue_url,
        bucket=settings.results_bucket,
    )


def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """The messages to be delivered again, as SQS wants them reported."""
    records = event["Records"]
    _results()  # boto3 creates clients safely in one thread only
    with ThreadPoolExecutor(max_workers=_WIDTH) as pool:
        done = pool.map(lambda record: _process(record, context), records)
        failed = [
            record["messageId"] for record, succeeded in zip(records, done, strict=True) if not succeeded
        ]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def _process(record: dict[str, Any], context: LambdaContext) -> bool:
    """Whether the message is done with: its result, good or bad, was delivered."""
    started = time.monotonic()
    log = RequestLog(_logger, secret_arn=runtime.upstream_settings().api_key_secret_arn)
    attempt = int(record["attributes"]["ApproximateReceiveCount"])
    log.add(
        request_id=jobs.result_id(record["messageId"]),
        lambda_request_id=context.aws_request_id,
        attempt=attempt,
    )
    is_done = False
    try:
        result = _answer(record, log, started)
        _results().deliver(result)
        is_done = True
    except GatewayError as error:
        _try_again_later(record["receiptHandle"], attempt, error)
    except Exception as fault:  # noqa: BLE001 - one record's fault must not fail the others
        _try_again_later(record["receiptHandle"], attempt, log.add_fault(fault))
    log.add(retried=not is_done, latency_ms=round((time.monotonic() - started) * 1000))
    log.write("job", failed=not is_done)
    return is_done


def _answer(record: dict[str, Any], log: RequestLog, started: float) -> Result:
    """The result to deliver. Raises GatewayError where the job is worth another attempt."""
    message_id, line = record["messageId"], record["body"]
    settings = runtime.upstream_settings()
    try:
        job = jobs.parse(line)
        log.add_model(job.request.model)
        log.add_guardrail(settings.guardrail)
        if len(line.encode()) > settings.max_request_bytes:
            raise RequestTooLargeError(f"The job is larger than {settings.max_request_bytes} bytes.")
        deadline = started + settings.total_timeout_s
        guarded = _completions().guarded(job.request, caller_headers={})
        completion = _completions().create(guarded, deadline=deadline)
    except GatewayError as error:
        log.add_error(error)
        log.add(status=error.status)
        if _is_retryable(error):
            raise
        return jobs.error_result(message_id, jobs.readable_custom_id(line), error)
    log.add_completion(completion)
    log.add(status=HTTPStatus.OK)
    return jobs.Result(
        id=jobs.result_id(message_id),
        custom_id=job.custom_id,
        status_code=HTTPStatus.OK,
        request_id=completion.bedrock_request_id,
        body=completion.document,
        error=None,
    )


def _is_retryable(error: GatewayError) -> bool:
    return error.status in _RETRYABLE or error.status >= HTTPStatus.INTERNAL_SERVER_ERROR


def _try_again_later(receipt_handle: str, attempt: int, error: GatewayError) -> None:
    """Shortens the wait until the next attempt, which else is the queue's whole visibility timeout."""
    settings = _settings()
    delay_s = min(settings.retry_delay_s * 2 ** (attempt - 1), settings.max_retry_delay_s)
    if isinstance(error, UpstreamCredentialsError):
        delay_s = settings.max_retry_delay_s  # until an operator has acted, every attempt is wasted
    try:
        _results().sqs.change_message_visibility(
            QueueUrl=settings.jobs_queue_url, ReceiptHandle=receipt_handle, VisibilityTimeout=delay_s
        )
    except (BotoCoreError, ClientError) as failure:
        _logger.warning("visibility timeout not shortened", extra={"fault_class": type(failure).__name__})


with contextlib.suppress(ConfigurationError):
    _completions()
