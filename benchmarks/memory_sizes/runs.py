"""The two runs: all sizes, and the quick run, which only shows that the command works."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import contenders, installed_peers, machine, stage
from benchmarks.functions import Function
from benchmarks.memory_sizes import measurements, peaks, processor_share
from benchmarks.memory_sizes.control_groups import Groups
from benchmarks.memory_sizes.measurements import Contenders, Rounds
from benchmarks.memory_sizes.results import Results
from benchmarks.memory_sizes.sized import Sizes
from benchmarks.shapes import FAST_EVENTS
from benchmarks.stage import Stage
from benchmarks.steps import WIDTH
from infra.settings import memory_sizes

_QUICK_SIZES_MIB = (memory_sizes.CHAT_MIB, memory_sizes.AUTHORIZER_MIB, processor_share.FULL_MIB)
_QUICK = Rounds(
    cold=1, paced=3, streamed_paced=2, back_to_back=20, streamed=5, fast=3, batches=1, most_s=2, warming_up=1
)
_FULL = Rounds(
    cold=5, paced=40, streamed_paced=20, back_to_back=500, streamed=100, fast=10, batches=3, most_s=10
)


def quick(groups: Groups, say: Callable[[str], None]) -> Results:
    """The default sizes and few rounds, without the FastAPI sample. Installs nothing."""
    with stage.opened() as where:
        measured = _contenders(where, ())
        return _measured(_new(_QUICK_SIZES_MIB, {}), measured, groups, where, _QUICK, say, is_quick=True)


def full(groups: Groups, fastapi: Path, say: Callable[[str], None]) -> Results:
    """Everything. `fastapi` is the folder with the sample's packages."""
    with stage.opened() as where:
        sample = contenders.fastapi_sample(where.folder, where.upstream, fastapi)
        measured = _contenders(where, (sample,))
        versions = installed_peers.versions()
        results = _new(processor_share.SIZES_MIB, {name: versions[name] for name in ("fastapi", "mangum")})
        return _measured(results, measured, groups, where, _FULL, say, is_quick=False)


def _measured(
    results: Results,
    measured: Contenders,
    groups: Groups,
    where: Stage,
    rounds: Rounds,
    say: Callable[[str], None],
    *,
    is_quick: bool,
) -> Results:
    sizes = Sizes(groups, where.runtime)
    measurements.measure_cold(results, measured, sizes, rounds.cold)
    say("cold starts measured")
    measurements.measure_warm(results, measured, sizes, where, rounds, say)
    measurements.measure_jobs(results, measured, sizes, rounds.batches)
    say("jobs measured")
    peaks.measure(results, where, say, is_quick=is_quick)
    return results


def _contenders(where: Stage, further: Sequence[Function]) -> Contenders:
    authorizer, _ = contenders.authorizers(where.folder, where.upstream)
    return Contenders(
        chat=[*contenders.quick(where.folder, where.upstream), *further],
        authorizer=authorizer,
        worker=contenders.worker(where.folder, where.upstream, width=WIDTH),
    )


def _new(sizes_mib: Sequence[int], versions: dict[str, str]) -> Results:
    return Results(
        date=datetime.now(UTC).strftime("%Y-%m-%d"),
        machine=machine.describe(),
        versions={**machine.versions(), **versions},
        sizes_mib=list(sizes_mib),
        fast_events=FAST_EVENTS,
    )
