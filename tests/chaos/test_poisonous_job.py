"""A job that stalls the deployed worker. The test changes the worker's code so that one word is poison; none is today."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from infra.functions import function_packages
from local.demonstration import job_lines, request_logs
from local.stack.local_stack import LocalStack
from tests.e2e import deployed_functions
from tests.e2e.deployed_functions import WORKER

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

pytestmark = pytest.mark.usefixtures("emptied_queues")

POISON = """

import unicodedata

_parse = parse


def parse(line, *, max_bytes):
    if "it stalls" in line:
        unicodedata.normalize("NFC", "a" + (chr(0x301) + chr(0x327)) * 200_000)
    return _parse(line, max_bytes=max_bytes)
"""


def zipped(folder: Path, *, poison: str = "") -> bytes:
    """All files of the package, with `poison` appended to the module that reads jobs."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo.from_file(path, path.relative_to(folder), strict_timestamps=False)
            added = poison if entry.filename == "chat_gateway/jobs/lines.py" else ""
            archive.writestr(entry, path.read_bytes() + added.encode(), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def deploy(functions: LambdaClient, code: bytes) -> None:
    functions.update_function_code(FunctionName=WORKER, ZipFile=code)
    deployed_functions.publish(functions, WORKER)


@pytest.fixture
def poisoned_stack(stack: LocalStack) -> Iterator[LocalStack]:
    functions = stack.session().client("lambda")
    package = function_packages.build(
        "worker", "chat_gateway.jobs.worker", requirements="upstream", for_this_machine=True
    )
    deploy(functions, zipped(package.folder, poison=POISON))
    try:
        yield stack
    finally:
        deploy(functions, zipped(package.folder))


def attempts(stack: LocalStack, ids: set[str]) -> dict[str, int]:
    """For each result ID, the delivery in which the worker answered the job, from the worker's log."""
    lines = request_logs.lines(stack.session(), stack.worker_log_group)
    return {
        line["request_id"]: line["receives"]
        for _, line in lines
        if line.get("message") == "job" and line["request_id"] in ids and line.get("status") == 200
    }


def test_nine_good_jobs_are_answered_by_the_second_delivery(poisoned_stack: LocalStack) -> None:
    """A job that stalls becomes a dead letter, and the good jobs of its batch are answered."""
    session = poisoned_stack.session()
    good = [job_lines.job(f"good-{number}", "Hi") for number in range(9)]
    job_lines.send(session, poisoned_stack.jobs_queue_url, [job_lines.job("poison", "it stalls"), *good])
    lines = job_lines.receive(session, poisoned_stack.results_queue_url, count=9, within_s=90)
    results: list[dict[str, Any]] = [json.loads(line) for line in lines]
    assert {result["custom_id"] for result in results} == {f"good-{number}" for number in range(9)}
    answered_in = attempts(poisoned_stack, {result["id"] for result in results})
    assert set(answered_in.values()) <= {1, 2}
    (letter,) = job_lines.receive(session, poisoned_stack.dead_letter_queue_url, count=1, within_s=90)
    assert json.loads(letter)["custom_id"] == "poison"
