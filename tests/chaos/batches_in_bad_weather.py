"""Runs a batch while Bedrock fails at random and its functions are killed, and accounts for every paid answer."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from openai import DefaultHttpxClient, OpenAI

from local.demonstration import job_lines
from local.stack.local_stack import LocalStack
from resource_items import batch_state
from tests.chaos.jobs_in_bad_weather import FAULTS, LIMITS, SHARE
from tests.chaos.step_kills import STEPS, StepKiller
from tests.chaos.worker_kills import Claim, WorkerKiller, impatient, impatient_queue
from tests.e2e.clients_command import created
from tests.e2e.standin import StandinControl

if TYPE_CHECKING:
    from openai.types import Batch

_WITHIN_S = 120
_POLL_S = 0.1
# How many lines before the end the assembler is waited for.
_LAST_LINES = 20
# Every one of so many lines is a request that Bedrock refuses.
_REFUSED_EVERY = 50
_REFUSED = {"standin_fault": {"status": 400}}


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
    killer = WorkerKiller(stack, standin)
    key = created(stack, client_id, *LIMITS)
    with ExitStack() as until_done:
        sdk = until_done.enter_context(_sdk(stack, key))
        until_done.enter_context(impatient_queue(stack))
        until_done.enter_context(impatient(stack, STEPS, _steps_queue(stack), {}))
        standin.reset()
        until_done.enter_context(standin.bad_weather(FAULTS, share=SHARE, seed=seed))
        batch = _made(sdk, lines)
        steps = StepKiller(stack, batch.id)
        steps.kill_splitter(after_lines=lines // 4)
        killed_with = []
        for count in kills_at:
            steps.wait_for_lines(count)
            killed_with.append(killer.kill_in_mid_call())
        steps.wait_for_lines(lines - _LAST_LINES)
        steps.kill_assembler()
        batch = _ended(sdk, batch.id)
        return Account(
            lines=lines,
            batch=batch,
            output=list(_lines(sdk, batch.output_file_id)),
            errors=list(_lines(sdk, batch.error_file_id)),
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


def _made(sdk: OpenAI, lines: int) -> Batch:
    text = "".join(
        job_lines.job(_custom_id(n), f"number {n}", **(_REFUSED if _is_refused(n) else {})) + "\n"
        for n in range(lines)
    )
    file = sdk.files.create(file=("in.jsonl", text.encode()), purpose="batch")
    return sdk.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h")


def _custom_id(number: int) -> str:
    return f"stormy-{number}"


def _is_refused(number: int) -> bool:
    return number % _REFUSED_EVERY == _REFUSED_EVERY - 1


def _ended(sdk: OpenAI, batch_id: str) -> Batch:
    deadline = time.monotonic() + _WITHIN_S
    while (batch := sdk.batches.retrieve(batch_id)).status not in batch_state.FINAL:
        assert time.monotonic() < deadline, batch
        time.sleep(_POLL_S)
    return batch


def _lines(sdk: OpenAI, file_id: str | None) -> Iterator[dict[str, Any]]:
    if file_id is not None:
        for line in sdk.files.content(file_id).iter_lines():
            yield json.loads(line)


def _steps_queue(stack: LocalStack) -> str:
    config = stack.session().client("lambda").get_function_configuration(FunctionName=STEPS)
    return config["Environment"]["Variables"]["BATCH_STEPS_QUEUE_URL"]
