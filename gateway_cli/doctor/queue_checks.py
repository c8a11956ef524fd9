"""Whether jobs and steps of batches get on: their queues, the event sources that read them, and dead letters."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from gateway_cli.doctor import aws_failures, findings, repairs
from gateway_cli.doctor.examination import Chain, Check
from gateway_cli.doctor.findings import Result
from gateway_cli.jobs import status

if TYPE_CHECKING:
    from gateway_cli.doctor.deployment import Deployment
    from gateway_cli.stack_outputs import StackOutputs

_NOT_FOUND = {"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"}
# If an earlier version deployed the stack: a quarter of the 24 hours that a batch has.
_MAX_AGE_S = 6 * 3600
_AGE_PERIOD_S = 900
_BUSY = {"Creating", "Enabling", "Updating"}


def chains(outputs: StackOutputs) -> Iterator[Chain]:
    """The checks of each queue. An event source cannot work if its queue is gone, and messages grow old if nobody reads them."""
    jobs = outputs.jobs_queue_url
    yield (
        Check("jobs queue", partial(backlog, jobs)),
        Check("jobs worker reads the queue", partial(is_read, jobs)),
        Check("oldest job", partial(age, jobs)),
    )
    yield (Check("results queue", partial(backlog, outputs.results_queue_url)),)
    yield (Check("dead letters of jobs", partial(no_dead_letters, outputs.dead_letter_queue_url)),)
    steps = outputs.batch_steps_queue_url
    if steps is not None:
        yield (
            Check("queue of batch steps", partial(backlog, steps)),
            Check("batch steps read the queue", partial(is_read, steps)),
            Check("oldest batch step", partial(age, steps)),
        )
        yield (Check("dead letters of batch steps", partial(no_dead_steps, steps)),)


def backlog(url: str, deployment: Deployment) -> Result:
    """Whether the queue is there, and how many messages it has. Raises botocore's errors."""
    try:
        depth = status.depth(deployment.client("sqs"), url)
    except ClientError as error:
        return _missing(error, url, deployment)
    return findings.ok(f"{depth.waiting} waiting, {depth.in_flight} in flight, {depth.delayed} delayed")


def age(url: str, deployment: Deployment) -> Result:
    """Whether the oldest message waits too long. Raises botocore's errors."""
    depth = status.depth(deployment.client("sqs"), url)
    age_s = _age_s(url, deployment) if depth.waiting or depth.in_flight else None
    if age_s is None:
        return findings.ok("none is known to wait")
    if age_s > (deployment.outputs.max_job_age_s or _MAX_AGE_S):
        return findings.problem(
            f"it has waited for {age_s / 3600:.1f} hours",
            "See the errors in the log of the function that reads it, and jobs.requests_per_minute in the settings. If a "
            "large submission may wait so long, raise monitoring.max_job_age_s",
        )
    return findings.ok(f"it has waited for {round(age_s / 60)} minutes")


def is_read(url: str, deployment: Deployment) -> Result:
    """Whether Lambda reads the queue. Raises botocore's errors."""
    arn = str(_attribute(url, "QueueArn", deployment))
    pages = (
        deployment.client("lambda").get_paginator("list_event_source_mappings").paginate(EventSourceArn=arn)
    )
    mappings = [mapping for page in pages for mapping in page["EventSourceMappings"]]
    states = [mapping["State"] for mapping in mappings]
    if "Enabled" in states:
        return findings.ok("its event source is enabled")
    if not states:
        return findings.problem("no function reads the queue", repairs.advice(deployment.env))
    if not _BUSY.isdisjoint(states):
        return findings.unchecked(f"its event source is {states[0]}", "Try again in a minute.")
    return findings.problem(
        f"its event source is {states[0]}, so nothing is read from the queue",
        f"Enable it: aws lambda update-event-source-mapping --uuid {mappings[0]['UUID']} --enabled",
    )


def no_dead_letters(url: str, deployment: Deployment) -> Result:
    """Whether no job has failed for the last time. Raises botocore's errors."""
    env = f"--env {deployment.env}"
    advice = (
        f"See why: chat-gateway jobs dead-letters list {env}. Then send them again: "
        f"chat-gateway jobs dead-letters redrive {env}"
    )
    return _no_letters(url, deployment, advice)


def no_dead_steps(steps_url: str, deployment: Deployment) -> Result:
    """Whether no step of a batch has failed for the last time. Raises botocore's errors."""
    try:
        text = _attribute(steps_url, "RedrivePolicy", deployment)
    except ClientError as error:
        return _missing(error, steps_url, deployment)
    if text is None:
        return findings.problem(
            "the queue of batch steps has no dead letters: its redrive policy was removed",
            f"Set the policy in the SQS console: the stack {deployment.stack_name} has the queue BatchStepsDeadLetters",
        )
    policy = json.loads(text)
    name = str(policy["deadLetterTargetArn"]).rpartition(":")[2]
    url = deployment.client("sqs").get_queue_url(QueueName=name)["QueueUrl"]
    advice = (
        "See the steps' log, then redrive the queue in the SQS console: "
        f"chat-gateway show --env {deployment.env} names the log group"
    )
    return _no_letters(url, deployment, advice)


def _no_letters(url: str, deployment: Deployment, advice: str) -> Result:
    try:
        depth = status.depth(deployment.client("sqs"), url)
    except ClientError as error:
        return _missing(error, url, deployment)
    count = depth.waiting + depth.in_flight + depth.delayed
    return findings.problem(f"there are {count}", advice) if count else findings.ok("there are none")


def _missing(error: ClientError, url: str, deployment: Deployment) -> Result:
    """The result for a queue that does not exist. Raises other errors again."""
    if aws_failures.code(error) not in _NOT_FOUND:
        raise error
    name = url.rpartition("/")[2]
    return findings.problem(
        f"there is no queue {name}, and its messages are lost",
        repairs.advice(deployment.env),
    )


def _attribute(url: str, name: str, deployment: Deployment) -> str | None:
    """The queue's attribute; None if it has none."""
    answer = deployment.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=[name])
    value: str | None = answer.get("Attributes", {}).get(name)
    return value


def _age_s(url: str, deployment: Deployment) -> float | None:
    """How long the oldest message has waited; None if CloudWatch does not know.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
    """
    now = datetime.now(UTC)
    answer = deployment.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/SQS",
        MetricName="ApproximateAgeOfOldestMessage",
        Dimensions=[{"Name": "QueueName", "Value": url.rpartition("/")[2]}],
        StartTime=now - timedelta(seconds=_AGE_PERIOD_S),
        EndTime=now,
        Period=60,
        Statistics=["Maximum"],
    )
    newest = max(answer["Datapoints"], key=lambda point: point["Timestamp"], default=None)
    return None if newest is None else float(newest["Maximum"])
