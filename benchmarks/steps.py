"""The steps of a run. Each step measures one thing of all functions in turns and adds it to the results."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from benchmarks import cold, contenders, exchanges, machine, warm
from benchmarks.converse_model import ConverseTarget
from benchmarks.exchanges import HttpTarget, Target
from benchmarks.functions import Function
from benchmarks.limited_client import LimitedTarget
from benchmarks.named_model import NamedTarget
from benchmarks.results import ColdStarts, Results, Size
from benchmarks.shapes import FAST, FAST_EVENTS, PACED, SLOW, STREAM, WHOLE
from benchmarks.stage import Stage
from benchmarks.variants import Variant
from benchmarks.warm import KILOBYTE, MEGABYTE

JOBS = 100  # in one batch
# The default of infra.settings.jobs, for which the target is defined.
WIDTH = 100

_LARGE_BYTES = 4 * MEGABYTE
CHAT_PATH = "/openai/v1/chat/completions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """How often each thing is measured for each function."""

    cold: int
    buffered: int
    large: int
    streamed: int
    paced: int
    fast: int
    slow: int = 0
    warming_up: int = 5


def new_results(functions: Sequence[Function], versions: Mapping[str, str]) -> Results:
    """Results with the sizes of the functions' packages and without measurements."""
    return Results(
        date=datetime.now(UTC).strftime("%Y-%m-%d"),
        machine=machine.describe(),
        versions={**machine.versions(), **versions},
        fast_events=FAST_EVENTS,
        sizes={
            function.name: Size(function.package.zipped_bytes, function.package.zipped_sources_bytes)
            for function in functions
        },
    )


def measure_cold(
    results: Results,
    shipped: Sequence[tuple[Function, bytes]],
    stage: Stage,
    rounds: Rounds,
    *,
    without_bytecode: bool,
) -> None:
    """Measures cold starts of each function with its first event."""
    sources = (
        [(function.without_bytecode(), event) for function, event in shipped] if without_bytecode else []
    )
    starts = cold.measure([*shipped, *sources], stage.runtime, rounds=rounds.cold)
    for number, (function, _) in enumerate(shipped):
        results.cold[function.name] = ColdStarts(
            shipped=starts[number], sources_only=starts[number + len(shipped)] if without_bytecode else None
        )


@contextmanager
def targets(
    chat: Sequence[Function], stage: Stage, variants: Mapping[str, Sequence[Variant]]
) -> Iterator[dict[str, Target]]:
    """Runs the functions during the block. Yields them and the upstream by name.

    A function runs once more for each of the `variants` under its name.
    """
    with ExitStack() as stack:
        direct = HttpTarget(contenders.DIRECT, stage.upstream, path=CHAT_PATH, key="none")
        started: list[Target] = [
            stack.enter_context(closing(direct)),
            *(stack.enter_context(exchanges.function_target(function, stage.runtime)) for function in chat),
            *(
                stack.enter_context(variant.target(function, stage))
                for function in chat
                for variant in variants.get(function.name, ())
            ),
        ]
        yield {target.name: target for target in started}


def measure_warm(
    results: Results, targets: Mapping[str, Target], rounds: Rounds, say: Callable[[str], None]
) -> None:
    """Measures warm requests: buffered, streamed and large.

    A client with limits sends only small buffered ones. A model on Converse and a name get only small ones.
    """
    limited = [target for target in targets.values() if isinstance(target, LimitedTarget)]
    small = [target for target in targets.values() if isinstance(target, ConverseTarget | NamedTarget)]
    others = [target for target in targets.values() if target not in (*limited, *small)]
    buffered = [target for target in others if target.name != contenders.BARE_STREAMING]
    streaming = [target for target in others if target.name not in (contenders.BARE, contenders.FASTAPI)]
    kilobyte = partial(warm.measure, size_bytes=KILOBYTE, warming_up=rounds.warming_up)
    large = partial(warm.measure, size_bytes=_LARGE_BYTES, rounds=rounds.large, warming_up=rounds.warming_up)
    # Small requests come first, because peak memory only grows.
    results.buffered = kilobyte([*buffered, *limited, *small], WHOLE, rounds=rounds.buffered)
    say("buffered requests measured")
    results.streamed = kilobyte([*streaming, *small], STREAM, rounds=rounds.streamed)
    results.paced = kilobyte([*streaming, *small], PACED, rounds=rounds.paced)
    results.fast = kilobyte([*streaming, *small], FAST, rounds=rounds.fast)
    say("streams measured")
    if rounds.slow:
        results.slow = kilobyte(buffered, SLOW, rounds=rounds.slow)
    results.large = large(buffered, WHOLE)
    results.large_streamed = large(streaming, STREAM)
    say("large requests measured")
