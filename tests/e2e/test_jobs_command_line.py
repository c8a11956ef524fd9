"""The jobs commands against the deployed stack, as an operator runs them."""

from __future__ import annotations

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gateway_cli.__main__ import cli
from gateway_cli.jobs import sending
from local import environment, job_lines
from local.deployment import ENVIRONMENT_NAME
from local.stack import LocalStack
from tests.e2e.standin import StandinControl

WITHIN_S = 60
Run = Callable[..., Result]


@pytest.fixture
def run(stack: LocalStack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs `jobs …` in an empty folder, with the variables that the README names for the local stack."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in environment.aws(stack.aws_endpoint_url).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(cli, ["jobs", *arguments, "--env", ENVIRONMENT_NAME])

    return run


def write(lines: Sequence[str]) -> None:
    Path("in.jsonl").write_text("".join(f"{line}\n" for line in lines))


def succeeded(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.stdout


def custom_ids() -> Counter[str]:
    return Counter(json.loads(line)["custom_id"] for line in Path("out.jsonl").read_text().splitlines())


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
    arguments = ("results", "--out", "out.jsonl", "--expect", "in.jsonl", "--idle-s", str(WITHIN_S), "--json")
    summary = json.loads(succeeded(run(*arguments)))
    assert summary["missing"] == 0
    found = custom_ids()
    assert {id_: found[id_] for id_ in found if id_.startswith("line-")} == {
        f"line-{n}": 1 for n in range(200)
    }


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
    arguments = ("results", "--out", "out.jsonl", "--expect", "in.jsonl", "--idle-s", str(WITHIN_S), "--json")
    summary = json.loads(succeeded(run(*arguments)))
    assert (summary["missing"], summary["conflicts"]) == (0, 0)
    assert set(custom_ids().values()) == {1}


def test_a_dead_letter_is_listed_goes_back_and_is_answered(run: Run, standin: StandinControl) -> None:
    fault = {"status": 500, "times": 12, "id": "recovers-after-redrive"}  # three attempts of four calls
    write([job_lines.job("mended", "my secret prompt", standin_fault=fault)])
    succeeded(run("submit", "in.jsonl"))
    wait_for_dead_letters(run, 1)
    (letter,) = dead_letters(run)
    assert letter["custom_id"] == "mended"
    assert "my secret prompt" not in json.dumps(letter)
    assert len(dead_letters(run)) == 1  # looking took nothing away
    assert succeeded(run("dead-letters", "redrive")) == "1 sent back to the jobs queue.\n"
    succeeded(
        run("results", "--out", "out.jsonl", "--expect", "in.jsonl", "--idle-s", str(WITHIN_S), "--json")
    )
    assert custom_ids()["mended"] == 1
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
    succeeded(run("results", "--out", "out.jsonl", "--expect", "in.jsonl", "--idle-s", str(WITHIN_S)))
    results = [json.loads(line) for line in Path("out.jsonl").read_text().splitlines()]
    (whole,) = [result for result in results if result["custom_id"] == "large"]
    assert whole["response"]["body"]["choices"][0]["message"]["content"] == f"echo: {question}"
    assert "result_location" not in whole
