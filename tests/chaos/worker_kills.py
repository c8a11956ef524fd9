"""Kills the deployed worker in the middle of its jobs, and lists those jobs."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from local.stack.local_stack import LocalStack
from tests.e2e import deployed_functions
from tests.e2e.standin import StandinControl

WORKER = "bedrock-chat-gateway-local-worker"
_WITHIN_S = 30
_POLL_S = 0.01
_UNANSWERED = "attribute_not_exists(answer_line) AND attribute_not_exists(answer_key) AND leased_until > :now"
# What each environment that goes to AWS allows; the local one gives up sooner, so that it can be watched.
_MAX_ATTEMPTS = 5
_TIMEOUT_S = 8
# After the lease of a killed worker has ended, by the two seconds that clocks may differ and two for rounding.
_LEASE_MARGIN_S = 4

Claim = tuple[str, str]  # a job's record and the delivery that holds it


@contextmanager
def impatient_queue(stack: LocalStack) -> Iterator[None]:
    """While the block runs, a killed worker's jobs come back soon. A job has as many attempts as in other environments."""
    with impatient(stack, WORKER, stack.jobs_queue_url, {"JOB_MAX_ATTEMPTS": str(_MAX_ATTEMPTS)}):
        yield


@contextmanager
def impatient(stack: LocalStack, function: str, queue_url: str, changes: dict[str, str]) -> Iterator[None]:
    """While the block runs, the queue delivers the messages of a killed invocation of the function soon.

    Invocations have a short timeout, so what a dead one has claimed is free soon, and the messages come back right after that.
    """
    functions, sqs = stack.session().client("lambda"), stack.session().client("sqs")
    config = functions.get_function_configuration(FunctionName=function)
    variables = config["Environment"]["Variables"]
    queue = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["VisibilityTimeout"])

    def change(timeout_s: int, visibility_s: int, variables: dict[str, str]) -> None:
        sqs.set_queue_attributes(QueueUrl=queue_url, Attributes={"VisibilityTimeout": str(visibility_s)})
        functions.update_function_configuration(
            FunctionName=function, Timeout=timeout_s, Environment={"Variables": variables}
        )
        deployed_functions.publish(functions, function)

    change(_TIMEOUT_S, _TIMEOUT_S + _LEASE_MARGIN_S, {**variables, **changes})
    try:
        yield
    finally:
        change(config["Timeout"], int(queue["Attributes"]["VisibilityTimeout"]), variables)


class WorkerKiller:
    """Stops every process of the worker before it kills them, so that their jobs can be read first."""

    def __init__(self, stack: LocalStack, standin: StandinControl) -> None:
        self._standin, self._stack = standin, stack
        session = stack.session()
        config = session.client("lambda").get_function_configuration(FunctionName=WORKER)
        self._table = config["Environment"]["Variables"]["JOB_RECORDS_TABLE"]
        self._records = session.client("dynamodb").get_paginator("scan")

    def kill_in_mid_call(self) -> set[Claim]:
        """The jobs that the killed worker had claimed, while Bedrock was answering at least one."""
        deadline = time.monotonic() + _WITHIN_S
        while time.monotonic() < deadline:
            processes = list(processes_of(self._stack, WORKER))
            signal_all(processes, signal.SIGSTOP)
            is_in_mid_call = self._standin.counters()["in_flight"] > 0
            claims = self._claims()
            if is_in_mid_call and claims:
                signal_all(processes, signal.SIGKILL)
                return claims
            signal_all(processes, signal.SIGCONT)
            time.sleep(_POLL_S)
        raise AssertionError(f"The worker asked nothing of Bedrock within {_WITHIN_S} s.")

    def _claims(self) -> set[Claim]:
        pages: Any = self._records.paginate(
            TableName=self._table,
            FilterExpression=_UNANSWERED,
            ExpressionAttributeValues={":now": {"N": str(int(time.time()))}},
            ProjectionExpression="job, leased_by",
            ConsistentRead=True,
        )
        return {(item["job"]["S"], item["leased_by"]["S"]) for page in pages for item in page["Items"]}


def processes_of(stack: LocalStack, function: str) -> Iterator[int]:
    """The function's processes in this stack's emulator only: its process group, and its function folder."""
    emulator, _ = stack.processes
    folder = f"ministack-lambda-{function}-".encode()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            pid = int(process.name)
            if folder in (process / "cmdline").read_bytes() and os.getpgid(pid) == emulator.popen.pid:
                yield pid


def signal_all(processes: list[int], number: signal.Signals) -> None:
    """Sends the signal to the processes that still exist."""
    for pid in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
