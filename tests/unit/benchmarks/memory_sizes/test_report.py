"""The verdicts, tables and JSON of a run at each memory size."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from benchmarks.cold import ColdStart
from benchmarks.contenders import AUTHORIZER, BARE, BARE_STREAMING, FASTAPI, OURS, WORKER
from benchmarks.memory_sizes import __main__ as command
from benchmarks.memory_sizes import hierarchies, peaks, sizing, table, targets
from benchmarks.memory_sizes.failures import CannotLimitError
from benchmarks.memory_sizes.results import LimitsPeak, Peak, Results
from benchmarks.targets import Verdict
from infra.settings import memory_sizes
from tests.unit.benchmarks.test_benchmark_verdicts import series

DEFAULT = memory_sizes.CHAT_MIB
SIZES = [DEFAULT, memory_sizes.AUTHORIZER_MIB, 1769]


def a_run(*, ours_ms: float = 1.0) -> Results:
    """A run in which each number is the same at all sizes, but for our paced p50 with a whole processor: 1 ms."""
    names = {BARE: 1.0, OURS: ours_ms, FASTAPI: 4.0, AUTHORIZER: 1.0}
    at_sizes = {
        name: {**{size: series(value) for size in SIZES}, 1769: series(min(value, 1.0))}
        for name, value in names.items()
    }
    streams = {name: {size: series(21.0) for size in SIZES} for name in (OURS, BARE_STREAMING)}
    return Results(
        date="2026-11-28",
        machine={"cores": "2"},
        versions={"python": "3.13.0"},
        sizes_mib=SIZES,
        fast_events=1000,
        upstream_s=0.001,
        cold={name: {size: ColdStart(50, 60 * value) for size in SIZES} for name, value in names.items()},
        paced=at_sizes,
        back_to_back=at_sizes,
        streamed_paced=streams,
        streamed=streams,
        fast=streams,
        jobs_per_s=dict.fromkeys(SIZES, 300.0),
        peaks=[
            Peak(OURS, "text", "small", 50.0),
            Peak(OURS, "lists", "objects", 364.0),
            Peak(WORKER, "small", "text", 1000.0),
        ],
        limits=[LimitsPeak("answers of 8 MiB", 461.0)],
    )


def verdict(results: Results, name: str) -> Verdict:
    (found,) = (one for one in targets.verdicts(results) if name in one.name)
    return found


def test_default_size_is_fast_enough() -> None:
    """The default size may be half as slow again as a whole processor."""
    assert verdict(a_run(), f"ours at {DEFAULT} MB, paced").is_reached
    missed = verdict(a_run(ours_ms=1.6), f"ours at {DEFAULT} MB, paced")
    assert (missed.measured, missed.is_reached) == (1.6, False)


def test_compared_at_the_same_size() -> None:
    """Ours is compared with the others at the default size."""
    assert verdict(a_run(), f"at {DEFAULT} MB: paced, p50").measured == pytest.approx(0.25)


def test_memory_has_a_quarter_to_spare() -> None:
    """A function's highest peak counts, and may take three quarters of the default."""
    found = verdict(a_run(), "peak memory, ours")
    assert (found.measured, found.limit) == (364.0, 0.75 * memory_sizes.CHAT_MIB)


def test_added_per_event() -> None:
    """The upstream's own time for the stream does not count."""
    assert verdict(a_run(), "added per streamed event").measured == pytest.approx(20.0)


def test_what_was_not_measured_has_no_verdict() -> None:
    """A quick run does not have the FastAPI sample."""
    results = a_run()
    for measured in (results.paced, results.back_to_back, results.cold):
        measured.pop(FASTAPI, None)
    assert not [one for one in targets.verdicts(results) if FASTAPI in one.unit]


@pytest.mark.parametrize(
    ("peak_mib", "needed_mib"), [(24, 128), (96, 128), (97, 192), (364, 512), (385, 576)]
)
def test_needed_size(peak_mib: float, needed_mib: int) -> None:
    """The peak takes at most three quarters of the size that a function needs."""
    assert sizing.needed_mib(peak_mib) == needed_mib


def test_tables() -> None:
    """The tables have a column for each size, say what was missed, and have no empty section."""
    results = a_run(ours_ms=1.6)
    text = table.render(results, targets.verdicts(results))
    assert " MB | ".join(map(str, SIZES)) in text
    assert "MISSED" in text
    assert "**Back to back, p99 ms**" in text
    assert WORKER in text
    assert "answers of 8 MiB" in text


def test_document() -> None:
    """The JSON has rounded numbers, and sizes as texts."""
    document = a_run().document()
    assert document["paced"][OURS][str(DEFAULT)]["p50_ms"] == 1.0
    assert document["peaks"][1] == {
        "function": OURS,
        "request": "lists",
        "answer": "objects",
        "peak_mib": 364.0,
    }


def test_highest_peak() -> None:
    """Of each function, the highest peak counts."""
    assert peaks.highest(a_run().peaks)[OURS].request == "lists"


def test_a_stream_counts_to_its_end() -> None:
    """A stream that ends with an error is not the largest answer."""
    begun = b'data: {"object":"chat.completion.chunk","choices":[]}\n\n'
    assert peaks.is_whole(begun + b"data: [DONE]\n\n")
    assert not peaks.is_whole(begun + b'data: {"error":{"code":"response_too_large"}}\n\n')


def test_where_nothing_can_be_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Elsewhere the command says in one line what is missing, and exits with 2."""

    def refuse() -> None:
        raise CannotLimitError("only root may limit processor time: run the command as root")

    monkeypatch.setattr(hierarchies, "of_this_machine", refuse)
    done = CliRunner().invoke(command.main, [])
    assert done.exit_code == 2
    assert done.stderr == "error: only root may limit processor time: run the command as root\n"
