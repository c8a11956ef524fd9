"""What the alarms, the dashboard and the saved queries look at."""

from __future__ import annotations

from typing import NamedTuple

from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs

from infra.settings.environment import Environment

# Functions without which no request is answered.
CHAT, AUTHORIZER, WORKER = "api", "authorizer", "worker"
RESOURCES, BATCH_STEPS = "resources", "batch-steps"
KEY_ROTATION = "key-rotation"


class Queues(NamedTuple):
    """The queues of jobs and of the steps of batches."""

    jobs: sqs.IQueue
    results: sqs.IQueue
    dead_letters: sqs.IQueue
    steps: sqs.IQueue
    step_dead_letters: sqs.IQueue


class LogGroups(NamedTuple):
    """The log groups of API Gateway and of the functions."""

    access: logs.ILogGroup
    chat: logs.ILogGroup
    resources: logs.ILogGroup
    worker: logs.ILogGroup
    batch_steps: logs.ILogGroup


class Monitored(NamedTuple):
    """The parts of a stack. `functions` are those that run all the time.

    Functions are named as in `{stack}-{name}`, and the API is named by the stack. A construct in place of a name would make
    CloudFormation wait for it, and a deployment that alarms can stop would wait for itself.
    """

    environment: Environment
    stack_name: str
    functions: tuple[str, ...]
    queues: Queues
    log_groups: LogGroups
    rarely_invoked: tuple[str, ...] = ()  # functions of which each failure matters
