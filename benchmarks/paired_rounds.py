"""The run of a comparison. Each round measures an earlier commit's functions and the present ones in turns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace

from benchmarks import events, jobs, sides, stage, steps, variants, warm, worktree
from benchmarks.describe_functions import AUTHORIZER, CHAT, WORKER
from benchmarks.failures import CannotCompareError
from benchmarks.functions import Function
from benchmarks.results import Results
from benchmarks.shapes import Shape
from benchmarks.sides import BEFORE, NOW
from benchmarks.stage import Stage
from benchmarks.steps import JOBS, Rounds
from benchmarks.variants import Variant
from benchmarks.warm import KILOBYTE
from benchmarks.worktree import ROOT, Commit

# An even number, so that each side comes first equally often.
_ROUNDS = 16
_IN_ONE = Rounds(cold=2, buffered=50, large=5, streamed=25, paced=2, fast=15, warming_up=2)
_BATCHES = 3
# The end of the heap decides whether the C library returns memory to the system after each large request, which costs a
# third of the request's CPU time. So each round moves the end of the heap, by one page in all.
_PADDING_BYTES = 4096 // _ROUNDS


def run(commit: Commit, say: Callable[[str], None]) -> list[Results]:
    """The results of each round. A function's name in them is `{role} {side}`. Raises CannotCompareError."""
    with stage.opened() as where, worktree.checked_out(commit) as root:
        now = sides.read(NOW, ROOT, where, title="this folder")
        worktree.share_dependencies(root)
        before = sides.read(BEFORE, root, where, title=commit.title)
        say("packages built")
        # In some earlier commits, the benchmark does not set all variables.
        return list(_rounds(sides.completed(before, now), now, where, say))


def _rounds(
    before: Mapping[str, Function], now: Mapping[str, Function], where: Stage, say: Callable[[str], None]
) -> Iterator[Results]:
    # The present function must have all; a new row has no value before.
    measured = {now[CHAT].name: variants.ALL, before[CHAT].name: variants.known(before[CHAT], where)}
    for number in range(_ROUNDS):
        pair = (now, before) if number % 2 else (before, now)
        try:
            padded = [_padded(side, number * _PADDING_BYTES) for side in pair]
            yield _round(padded, where, measured)
        except AssertionError as error:
            raise CannotCompareError(f"a function gave a wrong answer: {error}") from error
        say(f"round {number + 1} of {_ROUNDS}")


def _padded(side: Mapping[str, Function], size_bytes: int) -> dict[str, Function]:
    padding = {"BENCHMARK_PADDING": "x" * size_bytes}
    return {role: replace(function, env={**function.env, **padding}) for role, function in side.items()}


def _round(
    pair: Sequence[Mapping[str, Function]], where: Stage, measured: Mapping[str, Sequence[Variant]]
) -> Results:
    """Measures one round. Each function is started again, because two processes of the same code also differ.

    `measured`: the variants of each chat function, by its name.
    """
    chat = [side[CHAT] for side in pair]
    results = steps.new_results([function for side in pair for function in side.values()], {})
    steps.measure_cold(results, _starts(pair), where, _IN_ONE, without_bytecode=False)
    with steps.targets(chat, where, measured) as targets:
        steps.measure_warm(results, targets, _IN_ONE, lambda _: None)
    with ExitStack() as stack:
        workers = [
            stack.enter_context(jobs.worker_target(side[WORKER], where.runtime, jobs=JOBS)) for side in pair
        ]
        results.workers = warm.measure(workers, Shape(), size_bytes=KILOBYTE, rounds=_BATCHES, warming_up=1)
    return results


def _starts(pair: Sequence[Mapping[str, Function]]) -> list[tuple[Function, bytes]]:
    """Each function with its first event. The two sides of a function are next to each other."""
    body = events.chat_body(Shape(), KILOBYTE)
    waiting = {
        CHAT: events.chat_event(body),
        AUTHORIZER: events.authorizer_event(),
        WORKER: jobs.batch_event(body, 1),
    }
    return [(side[role], event) for role, event in waiting.items() for side in pair]
