"""The ratios of the last release, with which `make bench-quick` compares its own.

A ratio divides one of our numbers by the same number of a bare handler, or of our function in its plain form, from the same
run. So it is about the same on another machine. Other load on the machine hardly changes a ratio: it is of CPU times, or of the
tenth percentiles of latencies, which are those of requests that nothing delayed.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks import converse_model, limited_client, named_model
from benchmarks.contenders import AUTHORIZER, BARE, BARE_STREAMING, BOTO3_AUTHORIZER, OURS
from benchmarks.results import Results
from benchmarks.warm import Series

FILE = Path(__file__).parent / "release_ratios.json"
# More than a quarter is no longer the noise of a machine.
TOLERANCE = 1.25

Ratios = Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """The ratios of a release by name, with its version, its commit and the date of the measurement."""

    version: str
    commit: str
    date: str
    ratios: Ratios


def read(file: Path = FILE) -> Release:
    """The last release's ratios."""
    return Release(**json.loads(file.read_text()))


def write(release: Release, file: Path = FILE) -> None:
    """Writes the file, with each ratio rounded to three digits."""
    rounded = {name: round(ratio, 3) for name, ratio in release.ratios.items()}
    file.write_text(json.dumps({**asdict(release), "ratios": rounded}, indent=2) + "\n")


def of(results: Results) -> dict[str, float]:
    """The ratios of a quick run by name, without those that the system does not provide."""
    return {name: ratio for name, ratio in _all(results) if ratio is not None}


def medians(runs: Sequence[Ratios]) -> dict[str, float]:
    """For each name that all runs have, the median of their ratios."""
    return {name: statistics.median(run[name] for run in runs) for name in _shared(runs)}


def best(runs: Sequence[Ratios]) -> dict[str, float]:
    """For each name that all runs have, the smallest of their ratios: other load on the machine mostly makes them larger."""
    return {name: min(run[name] for run in runs) for name in _shared(runs)}


def worse(measured: Ratios, release: Release) -> list[str]:
    """A line for each ratio that is worse than the release's by more than a quarter. A new or missing ratio has none."""
    return [
        f"{name}: {measured[name]:.2f}, which is {measured[name] / before:.2f} times the {before:.2f} of version "
        f"{release.version} ({release.commit}, {release.date})"
        for name, before in release.ratios.items()
        if name in measured and measured[name] > before * TOLERANCE
    ]


def _shared(runs: Sequence[Ratios]) -> list[str]:
    return [name for name in runs[0] if all(name in run for run in runs)]


def _all(results: Results) -> Iterator[tuple[str, float | None]]:
    yield from _cold(results)
    yield from _warm(results)
    yield from _variants(results)
    yield from _sizes(results)
    yield from _jobs(results)


def _cold(results: Results) -> Iterator[tuple[str, float | None]]:
    ours, bare = results.cold[OURS].shipped, results.cold[BARE].shipped
    yield "cold start to /next, x bare", ours.next_ms / bare.next_ms
    yield "cold start to the first answer, x bare", ours.answer_ms / bare.answer_ms
    authorizers = (results.cold[name].shipped.answer_ms for name in (AUTHORIZER, BOTO3_AUTHORIZER))
    yield "authorizer's cold start, x boto3 authorizer", _divided(*authorizers)


def _warm(results: Results) -> Iterator[tuple[str, float | None]]:
    buffered, large = (results.buffered, BARE), (results.large, BARE)
    streamed, fast = (results.streamed, BARE_STREAMING), (results.fast, BARE_STREAMING)
    for title, (series, bare), of_one in (
        ("1 kB, p10", buffered, _whole),
        ("4 MB, p10", large, _whole),
        ("stream, first byte, p10", streamed, _first_byte),
        ("1,000 events, p10", fast, _whole),
        ("1 kB, CPU", buffered, _cpu),
        ("4 MB, CPU", large, _cpu),
        ("stream, CPU", streamed, _cpu),
        ("1 kB, peak memory", buffered, _peak),
    ):
        yield f"{title}, x {bare}", _divided(of_one(series[OURS]), of_one(series[bare]))


def _variants(results: Results) -> Iterator[tuple[str, float | None]]:
    buffered, streamed, fast = results.buffered, results.streamed, results.fast
    limited, converse, named = (module.name(OURS) for module in (limited_client, converse_model, named_model))
    for title, name in (("client with limits", limited), ("Converse", converse), ("by model name", named)):
        yield f"{title}, 1 kB, p10, x ours", _divided(_whole(buffered[name]), _whole(buffered[OURS]))
        yield f"{title}, 1 kB, CPU, x ours", _divided(_cpu(buffered[name]), _cpu(buffered[OURS]))
    for title, name in (("Converse", converse), ("by model name", named)):
        first_bytes = _first_byte(streamed[name]), _first_byte(streamed[OURS])
        yield f"{title}, first byte, p10, x ours", _divided(*first_bytes)
        yield f"{title}, 1,000 events, p10, x ours", _divided(_whole(fast[name]), _whole(fast[OURS]))


def _sizes(results: Results) -> Iterator[tuple[str, float | None]]:
    shell = results.sizes[BARE_STREAMING].zipped_bytes
    for title, name in (("chat function", OURS), ("authorizer", AUTHORIZER)):
        yield f"package of the {title}, x bare streaming", results.sizes[name].zipped_bytes / shell


def _jobs(results: Results) -> Iterator[tuple[str, float | None]]:
    """The batch's time is no ratio of its own: seven eighths of it are the wait for the upstream, and would hide a loss."""
    request_s_per_1000 = results.buffered[BARE].cpu_s_per_1000
    for batch in results.batches:
        job_s_per_1000 = None if batch.cpu_s is None else batch.cpu_s / batch.jobs * 1000
        yield f"job in a batch of {batch.jobs}, CPU, x {BARE}", _divided(job_s_per_1000, request_s_per_1000)


def _whole(series: Series) -> float | None:
    return series.p10_ms


def _first_byte(series: Series) -> float | None:
    return series.first_byte_p10_ms


def _cpu(series: Series) -> float | None:
    return series.cpu_s_per_1000


def _peak(series: Series) -> float | None:
    return series.peak_mib


def _divided(ours: float | None, theirs: float | None) -> float | None:
    return None if ours is None or not theirs else ours / theirs
