"""The jobs commands against the deployed stack, as an operator runs them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gateway_cli.command import cli
from gateway_cli.jobs import sending
from local.aws import environment
from local.aws.deployment import ENVIRONMENT_NAME
from local.demonstration import job_lines
from local.stack.local_stack import LocalStack
from tests import console_command
from tests.e2e.standin import StandinControl

pytestmark = pytest.mark.usefixtures("emptied_queues")

WITHIN_S = 60
Run = Callable[..., Result]
Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def run(stack: LocalStack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs `jobs …` in an empty folder, with the variables that docs/local.md names for the local stack."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in environment.aws(stack.aws_endpoint_url).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(cli, ["jobs", *arguments, "--env", ENVIRONMENT_NAME])

    return run


@pytest.fixture
def start(stack: LocalStack) -> Iterator[Start]:
    """Starts a jobs command in its own process, which ends with the test at the latest."""
    env = {**environment.for_tools(stack.aws_endpoint_url), "PYTHONPATH": console_command.PYTHONPATH}
    processes: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str) -> subprocess.Popen[bytes]:
        command = [console_command.CHAT_GATEWAY, "jobs", *arguments, "--env", ENVIRONMENT_NAME]
        process = subprocess.Popen(command, env=env)
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.wait()


def write(lines: Sequence[str], name: str = "in.jsonl") -> None:
    Path(name).write_text("".join(f"{line}\n" for line in lines))


def collecting(name: str) -> tuple[str, ...]:
    """The command that collects the results of <name>.jsonl."""
    files = ("--expect", f"{name}.jsonl", "--out", f"{name}.out.jsonl")
    return ("results", *files, "--idle-s", str(WITHIN_S), "--json")


def answers(name: str) -> dict[str, str]:
    """The model's answers by custom_id; each custom_id is in the file once."""
    results = [json.loads(line) for line in Path(f"{name}.out.jsonl").read_text().splitlines()]
    said = {
        result["custom_id"]: result["response"]["body"]["choices"][0]["message"]["content"]
        for result in results
    }
    assert len(said) == len(results)
    return said


def succeeded(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.stdout


def wait_for_dead_letters(run: Run, count: int) -> None:
    deadline = time.monotonic() + WITHIN_S
    waiting = -1
    while waiting != count and time.monotonic() < deadline:
        waiting = json.loads(succeeded(run("status", "--json")))["dead_letters"]["waiting"]
    assert waiting == count


def dead_letters(run: Run) -> list[dict[str, Any]]:
    return [json.loads(line) for line in succeeded(run("dead-letters", "list", "--json")).splitlines()]


def test_of_two_hundred_lines_every_custom_id_has_its_result_once(run: Run) -> None:
    write([job_lines.job(f"line-{number}", f"number {number}") for number in range(200)])
    assert succeeded(run("submit", "in.jsonl")).startswith("200 lines sent")
    assert json.loads(succeeded(run(*collecting("in"))))["missing"] == 0
    assert answers("in") == {f"line-{number}": f"echo: number {number}" for number in range(200)}


def test_a_second_submission_gets_its_own_answers(run: Run) -> None:
    """A second submission with the custom_ids of the first, whose results are still there, gets its own answers."""
    for name in ("first", "second"):
        write([job_lines.job(f"same-{number}", f"{name} {number}") for number in range(20)], f"{name}.jsonl")
        succeeded(run("submit", f"{name}.jsonl"))
    succeeded(run(*collecting("first")))
    succeeded(run(*collecting("second")))
    for name in ("first", "second"):
        assert answers(name) == {f"same-{number}": f"echo: {name} {number}" for number in range(20)}


def test_two_collectors_at_once_lose_nothing(run: Run, start: Start) -> None:
    """Collectors take no results from each other, for one submission or for several."""
    for name in ("mine", "theirs"):
        write([job_lines.job(f"both-{number}", f"{name} {number}") for number in range(100)], f"{name}.jsonl")
        succeeded(run("submit", f"{name}.jsonl"))
    copy = collecting("mine")
    copy = tuple(word.replace("mine.out", "copy.out") for word in copy)
    for collector in [start(*arguments) for arguments in (collecting("mine"), collecting("theirs"), copy)]:
        assert collector.wait(2 * WITHIN_S) == 0
    for name, asked in (("mine", "mine"), ("theirs", "theirs"), ("copy", "mine")):
        assert answers(name) == {f"both-{number}": f"echo: {asked} {number}" for number in range(100)}


def test_an_interrupted_submission_goes_on_where_it_was(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    write([job_lines.job(f"resumed-{number}", "Hi") for number in range(100)])
    send, calls = sending.send, []

    def interrupted(*arguments: Any, **options: Any) -> sending.Outcome:
        calls.append(arguments)
        if len(calls) == 4:
            os.kill(os.getpid(), signal.SIGINT)
        return send(*arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(sending, "send", interrupted)
        first = run("submit", "in.jsonl", "--json", "--senders", "2")
    assert first.exit_code == 130
    sent, left = (json.loads(first.stdout)[name] for name in ("sent", "left"))
    assert 0 < sent < 100
    second = json.loads(succeeded(run("submit", "in.jsonl", "--json")))
    assert (second["sent_earlier"], second["sent"], second["left"]) == (sent, left, 0)
    assert json.loads(succeeded(run(*collecting("in"))))["missing"] == 0
    assert len(answers("in")) == 100


def test_a_dead_letter_is_listed_goes_back_and_is_answered(run: Run, standin: StandinControl) -> None:
    fault = {"status": 500, "times": 12, "id": "recovers-after-redrive"}  # three attempts of four calls
    write([job_lines.job("mended", "my secret prompt", standin_fault=fault)])
    before = datetime.now(UTC).replace(microsecond=0)
    succeeded(run("submit", "in.jsonl"))
    after = datetime.now(UTC)
    wait_for_dead_letters(run, 1)
    (letter,) = dead_letters(run)
    assert (letter["custom_id"], letter["receives"]) == ("mended", 3)
    assert before <= datetime.fromisoformat(letter["sent_at"]) <= after
    assert "my secret prompt" not in json.dumps(letter)
    assert len(dead_letters(run)) == 1  # looking took nothing away
    missed = run(*collecting("in"))
    assert (missed.exit_code, json.loads(missed.stdout)["dead_letters"]["first_custom_ids"]) == (
        3,
        ["mended"],
    )
    assert succeeded(run("dead-letters", "redrive")) == "1 jobs sent back to the jobs queue.\n"
    succeeded(run(*collecting("in")))
    assert answers("in") == {"mended": "echo: my secret prompt"}
    wait_for_dead_letters(run, 0)


def test_what_always_fails_is_purged(run: Run) -> None:
    write([job_lines.job("hopeless", "Hi", standin_fault={"status": 500})])
    succeeded(run("submit", "in.jsonl"))
    wait_for_dead_letters(run, 1)
    assert "hopeless" in succeeded(run("dead-letters", "list"))
    succeeded(run("dead-letters", "purge", "--yes"))
    assert dead_letters(run) == []


def test_a_result_over_a_mebibyte_is_written_whole(run: Run) -> None:
    # Escaped in the result's ASCII line, these characters take twice the bytes they took in the job.
    question = "é" * 300_000
    line = json.loads(job_lines.job("large", question, max_tokens=1_000_000))
    write([json.dumps(line, ensure_ascii=False)])
    succeeded(run("submit", "in.jsonl"))
    succeeded(run(*collecting("in")))
    assert answers("in") == {"large": f"echo: {question}"}
    assert "result_location" not in Path("in.out.jsonl").read_text()
