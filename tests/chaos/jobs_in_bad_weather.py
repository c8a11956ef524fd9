"""Sends jobs while Bedrock fails at random and the worker is killed, and accounts for every paid answer."""

from __future__ import annotations

import json
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from local.aws import environment
from local.aws.deployment import ENVIRONMENT_NAME
from local.demonstration import job_lines
from local.stack.local_stack import LocalStack
from tests import console_command
from tests.chaos.worker_kills import Claim, WorkerKiller, impatient_queue
from tests.e2e.clients_command import created, usage
from tests.e2e.deployed_functions import variables_changed
from tests.e2e.standin import StandinControl

SHARE = 0.2
FAULTS: list[dict[str, Any]] = [
    {"status": 429},
    {"status": 429, "retry_after": 1},
    {"status": 500},
    {"status": 503},
    {"delay_s": 0.3},
    {"drop": "before_generating"},
    {"drop": "after_generating"},
    {"body": "garbage"},
]
# The jobs' client, whose limits none of them reaches.
CLIENT = "stormy"
LIMITS = ("--tokens-per-day", "900000000", "--concurrent-requests", "200", "--max-completion-tokens", "16")
_WAITING: Literal["ApproximateNumberOfMessages"] = "ApproximateNumberOfMessages"
_RECEIVED: Literal["ApproximateNumberOfMessagesNotVisible"] = "ApproximateNumberOfMessagesNotVisible"
_IDLE_S = 60
_POLL_S = 0.05
_LAST_S = 1  # how long to wait for a result that nobody misses


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The requests of a run, and their outcomes."""

    jobs: int
    results: Counter[str]  # by custom_id, of successful ones
    conflicts: int
    repeats: int
    recorded_otherwise: int  # lines that the table of records and the results queue do not both have
    dead_letters: int
    killed_with: list[set[Claim]]  # for each kill, the jobs in progress
    counters: dict[str, Any]
    used_requests: int  # that are recorded as their client's usage

    @property
    def lost_by_kills(self) -> int:
        """Generations that neither a job nor a dropped connection explains."""
        counters = self.counters
        return int(counters["generations"]) - self.jobs - int(counters["generations_dropped"])

    def __str__(self) -> str:
        counters = self.counters
        held = [len(claims) for claims in self.killed_with]
        return (
            f"{counters['generations']} generations = {self.jobs} jobs + {counters['generations_dropped']} dropped "
            f"after generating + {self.lost_by_kills} lost by {len(held)} kills, which hit {held} jobs in progress "
            f"(the stand-in saw {counters['generations_abandoned']} hang up while it generated). "
            f"{counters['requests']} requests, of which {sum(counters['by_weather'].values())} were struck: "
            f"{counters['by_weather']}. {self.repeats} results came twice, {self.conflicts} contradict another, "
            f"{self.recorded_otherwise} are recorded otherwise, {self.dead_letters} dead letters. "
            f"{self.used_requests} requests are in the client's usage."
        )


def run(
    stack: LocalStack,
    standin: StandinControl,
    folder: Path,
    *,
    jobs: int,
    kills_at: Sequence[int],
    seed: int,
) -> Account:
    """Returns when every job has its result and nothing is left in the queue of jobs.

    `kills_at`: the numbers of results after which the worker is killed.
    """
    asked, answered = folder / "in.jsonl", folder / "out.jsonl"
    _write(asked, jobs)
    commands = _Commands(stack, folder)
    _take_all(commands, folder / "earlier.jsonl")
    killer = WorkerKiller(stack, standin)
    dead_before = _messages(stack, stack.dead_letter_queue_url)
    created(stack, CLIENT, *LIMITS)
    with variables_changed(stack, {"JOB_DEFAULT_CLIENT": CLIENT}), impatient_queue(stack):
        standin.reset()
        with standin.bad_weather(FAULTS, share=SHARE, seed=seed):
            killed_with, summary = _worked_through(commands, killer, asked, answered, jobs, kills_at)
            _wait_until_worked_off(stack)
            # Lines that came after every job had its result: sent again, since a worker died after sending them.
            late = _take_all(commands, answered) if _messages(stack, stack.results_queue_url) else {}
        recorded = folder / "recorded.jsonl"
        commands.json("results", "--out", recorded, "--expect", asked)
        return Account(
            jobs=jobs,
            results=Counter(_answered_ids(answered)),
            conflicts=summary["conflicts"] + late.get("conflicts", 0),
            repeats=summary["repeats"] + late.get("repeats", 0),
            recorded_otherwise=len(_lines(answered) ^ _lines(recorded)),
            dead_letters=_messages(stack, stack.dead_letter_queue_url) - dead_before,
            killed_with=killed_with,
            counters=standin.counters(),
            used_requests=usage(stack, "client", "--client", CLIENT, "--since", "2d")[CLIENT]["requests"],
        )


def check(account: Account) -> None:
    """Asserts that every job has one answer, and that every paid answer is explained."""
    assert account.results == {custom_id(number): 1 for number in range(account.jobs)}, account
    assert (account.conflicts, account.recorded_otherwise, account.dead_letters) == (0, 0, 0), account
    in_progress = set().union(*account.killed_with)
    abandoned = account.counters["generations_abandoned"]
    assert abandoned <= account.lost_by_kills <= len(in_progress), account
    # An answer that cannot be read may have been paid for, so it counts as used.
    charged = account.jobs + account.lost_by_kills + account.counters["by_weather"]["body=garbage"]
    assert account.jobs <= account.used_requests <= charged, account
    assert set(account.counters["by_weather"]) == {_kind(fault) for fault in FAULTS}, account


def custom_id(number: int) -> str:
    """The job's custom_id."""
    return f"stormy-{number}"


class _Commands:
    """The operator's jobs commands, each in its own process."""

    def __init__(self, stack: LocalStack, folder: Path) -> None:
        self._folder = folder
        self._env = {
            **environment.for_tools(stack.aws_endpoint_url),
            "PYTHONPATH": console_command.PYTHONPATH,
        }

    def start(self, *arguments: str | Path) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [
                console_command.CHAT_GATEWAY,
                "jobs",
                *map(str, arguments),
                "--json",
                "--env",
                ENVIRONMENT_NAME,
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self._folder,
            env=self._env,
        )

    def json(self, *arguments: str | Path) -> dict[str, Any]:
        return ended(self.start(*arguments))


def ended(command: subprocess.Popen[str]) -> dict[str, Any]:
    """The output of a command that has succeeded."""
    out, errors = command.communicate()
    assert command.returncode == 0, f"{out}\n{errors}"
    document: dict[str, Any] = json.loads(out)
    return document


def _worked_through(
    commands: _Commands, killer: WorkerKiller, asked: Path, answered: Path, jobs: int, kills_at: Sequence[int]
) -> tuple[list[set[Claim]], dict[str, Any]]:
    submit = commands.start("submit", asked)
    results = commands.start("results", "--out", answered, "--count", str(jobs), "--idle-s", str(_IDLE_S))
    try:
        killed_with = []
        for count in kills_at:
            _wait_for_lines(answered, count, results)
            killed_with.append(killer.kill_in_mid_call())
        assert ended(submit)["left"] == 0
        return killed_with, ended(results)
    finally:
        for command in (submit, results):
            command.kill()


def _take_all(commands: _Commands, path: Path) -> dict[str, Any]:
    """Takes every result out of the results queue."""
    return commands.json("results", "--all", "--out", path, "--idle-s", str(_LAST_S))


def _write(path: Path, jobs: int) -> None:
    with path.open("w") as file:
        file.writelines(f"{job_lines.job(custom_id(n), f'number {n}')}\n" for n in range(jobs))


def _wait_for_lines(path: Path, count: int, writer: subprocess.Popen[str]) -> None:
    def lines() -> int:
        if not path.exists():
            return 0
        with path.open("rb") as file:
            return sum(1 for _ in file)

    while lines() < count and writer.poll() is None:
        time.sleep(_POLL_S)


def _wait_until_worked_off(stack: LocalStack) -> None:
    """Waits for the queue to be empty: an answered job comes back if its worker died before it deleted the job."""
    deadline = time.monotonic() + _IDLE_S
    while _messages(stack, stack.jobs_queue_url):
        assert time.monotonic() < deadline, "jobs are left in the queue"
        time.sleep(_POLL_S)


def _messages(stack: LocalStack, queue_url: str) -> int:
    """The waiting messages and the messages in flight."""
    sqs = stack.session().client("sqs")
    counts = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=[_WAITING, _RECEIVED])["Attributes"]
    return int(counts[_WAITING]) + int(counts[_RECEIVED])


def _answered_ids(answered: Path) -> Iterator[str]:
    with answered.open() as file:
        for line in file:
            result = json.loads(line)
            if result["custom_id"].startswith(custom_id(0)[:-1]):
                assert result["error"] is None, line
                yield result["custom_id"]


def _lines(path: Path) -> set[str]:
    return {line for line in path.read_text().splitlines() if custom_id(0)[:-1] in line}


def _kind(fault: dict[str, Any]) -> str:
    return " ".join(f"{name}={value}" for name, value in fault.items())
