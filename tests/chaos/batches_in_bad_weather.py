"""Runs a batch while Bedrock fails at random and its functions are killed, and accounts for every paid answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from openai import DefaultHttpxClient, OpenAI

from local.demonstration import job_lines
from local.stack.local_stack import LocalStack
from resource_items import batch_state
from tests.chaos.jobs_in_bad_weather import FAULTS, LIMITS, SHARE
from tests.chaos.step_kills import StepKiller
from tests.chaos.worker_kills import Claim, WorkerKiller, impatient, impatient_queue
from tests.e2e import batch_calls
from tests.e2e.clients_command import created
from tests.e2e.deployed_functions import STEPS, variable
from tests.e2e.standin import StandinControl

if TYPE_CHECKING:
    from openai.types import Batch

# How many lines before the end the assembler is waited for, at most. A busy machine counts many between two looks.
_LAST_LINES = 200
# Every one of so many lines is a request that Bedrock refuses.
_REFUSED_EVERY = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The requests of a batch, and their outcomes."""

    lines: int
    batch: Batch
    output: list[dict[str, Any]]
    errors: list[dict[str, Any]]
    killed_with: list[set[Claim]]  # for each kill of the worker, the lines in progress
    counters: dict[str, Any]

    @property
    def lost_by_kills(self) -> int:
        """Generations that neither an output line nor a dropped connection explains."""
        counters = self.counters
        return int(counters["generations"]) - len(self.output) - int(counters["generations_dropped"])

    def __str__(self) -> str:
        counters = self.counters
        held = [len(claims) for claims in self.killed_with]
        codes = Counter((line["response"] or {}).get("status_code", "no answer") for line in self.errors)
        return (
            f"{counters['generations']} generations = {len(self.output)} lines of output "
            f"+ {counters['generations_dropped']} dropped after generating + {self.lost_by_kills} lost by {len(held)} kills, "
            f"which hit {held} lines in progress. {counters['requests']} requests, of which "
            f"{sum(counters['by_weather'].values())} were struck: {counters['by_weather']}. "
            f"{len(self.errors)} lines of errors: {dict(codes)}. {self.batch.status}: {self.batch.request_counts}."
        )


def run(
    stack: LocalStack,
    standin: StandinControl,
    client_id: str,
    *,
    lines: int,
    kills_at: Sequence[int],
    seed: int,
) -> Account:
    """Returns when the batch has ended.

    `kills_at`: the numbers of counted lines after which the worker is killed. The function of the steps is killed while it
    splits, and while it writes the files.
    """
    killer, steps = WorkerKiller(stack, standin), StepKiller(stack)
    key = created(stack, client_id, *LIMITS)
    with ExitStack() as until_done:
        sdk = until_done.enter_context(_sdk(stack, key))
        until_done.enter_context(impatient_queue(stack))
        until_done.enter_context(impatient(stack, STEPS, variable(stack, "BATCH_STEPS_QUEUE_URL", STEPS), {}))
        standin.reset()
        until_done.enter_context(standin.bad_weather(FAULTS, share=SHARE, seed=seed))
        batch = batch_calls.made(sdk, _input(lines))
        steps.batch_id = batch.id
        steps.kill_splitter(after_lines=lines // 12)
        killed_with = []
        for count in kills_at:
            steps.wait_for_lines(count)
            killed_with.append(killer.kill_in_mid_call())
        steps.wait_for_lines(lines - min(_LAST_LINES, lines // 2))
        steps.kill_assembler()
        batch = batch_calls.ended(sdk, batch)
        return Account(
            lines=lines,
            batch=batch,
            output=batch_calls.results(sdk, batch.output_file_id),
            errors=batch_calls.results(sdk, batch.error_file_id),
            killed_with=killed_with,
            counters=standin.counters(),
        )


def check(account: Account) -> None:
    """Asserts that every line is in one file, that the counts are exact, and that every paid answer is explained."""
    ids = Counter(line["custom_id"] for line in [*account.output, *account.errors])
    assert ids == {_custom_id(number): 1 for number in range(account.lines)}, account
    refused = {_custom_id(number) for number in range(account.lines) if _is_refused(number)}
    assert {line["custom_id"] for line in account.errors} == refused, account
    counts = account.batch.request_counts
    assert counts is not None, account
    assert (counts.total, counts.completed, counts.failed) == (
        account.lines,
        len(account.output),
        len(account.errors),
    ), account
    assert account.batch.status == batch_state.COMPLETED, account
    _check_usage(account)
    in_progress = set().union(*account.killed_with)
    assert account.counters["generations_abandoned"] <= account.lost_by_kills <= len(in_progress), account


def _check_usage(account: Account) -> None:
    usage = account.batch.usage
    assert usage is not None, account
    used = [line["response"]["body"]["usage"] for line in account.output]
    assert (usage.input_tokens, usage.output_tokens) == (
        sum(one["prompt_tokens"] for one in used),
        sum(one["completion_tokens"] for one in used),
    ), account


def _sdk(stack: LocalStack, key: str) -> OpenAI:
    http = DefaultHttpxClient(trust_env=False)
    return OpenAI(base_url=stack.base_url, api_key=key, max_retries=2, http_client=http)


def _input(lines: int) -> bytes:
    return batch_calls.whole(
        [
            job_lines.job(_custom_id(n), f"number {n}", **(batch_calls.REFUSED if _is_refused(n) else {}))
            for n in range(lines)
        ]
    )


def _custom_id(number: int) -> str:
    return f"stormy-{number}"


def _is_refused(number: int) -> bool:
    return number % _REFUSED_EVERY == _REFUSED_EVERY - 1
