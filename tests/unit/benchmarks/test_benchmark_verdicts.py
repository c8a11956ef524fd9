"""The numbers and verdicts that a run reports."""

from __future__ import annotations

import json

import pytest

from benchmarks import converse_model, limited_client, named_model, table, targets
from benchmarks.cold import ColdStart
from benchmarks.contenders import BARE, DIRECT, FASTAPI, LITELLM, OURS
from benchmarks.growth.curve import Curve, Point
from benchmarks.growth.inputs import CLIENTS_NAME
from benchmarks.results import ColdStarts, Results, Size
from benchmarks.server_peers import ServerStart
from benchmarks.targets import Verdict
from benchmarks.warm import Series


def series(p50_ms: float) -> Series:
    return Series(
        p50_ms=p50_ms,
        p90_ms=p50_ms,
        p99_ms=p50_ms,
        first_byte_p50_ms=p50_ms,
        event_delay_us=None,
        cpu_s_per_1000=None,
        peak_mib=30.0,
    )


def a_run() -> Results:
    return Results(
        date="2026-11-23",
        machine={"cores": "2"},
        versions={"python": "3.13.0"},
        fast_events=1000,
        cold={BARE: ColdStarts(shipped=ColdStart(50, 52)), OURS: ColdStarts(shipped=ColdStart(100, 105))},
        buffered={BARE: series(1.0), OURS: series(1.4)},
        fast={DIRECT: series(2.0), OURS: series(32.0)},
        sizes={OURS: Size(2_000_000, 1_000_000)},
    )


def verdict_named(results: Results, name: str) -> Verdict:
    return next(verdict for verdict in targets.verdicts(results) if verdict.name == name)


def test_a_ratio_is_of_this_run() -> None:
    assert verdict_named(a_run(), "cold start to /next").measured == 2.0
    assert verdict_named(a_run(), "warm, buffered, p50").measured == pytest.approx(1.4)


def test_who_was_not_measured_has_no_verdict() -> None:
    assert not [verdict for verdict in targets.verdicts(a_run()) if FASTAPI in verdict.unit]


def test_cost_of_an_event() -> None:
    """The cost of an event is the time that a stream takes longer than directly from the upstream."""
    assert verdict_named(a_run(), "added per streamed event").measured == 30.0
    assert verdict_named(a_run(), "events from a fast upstream").measured == 31_250


@pytest.mark.parametrize(
    ("measured", "is_rate", "is_reached"),
    [(1.5, False, True), (1.51, False, False), (1.5, True, True), (1.4, True, False)],
)
def test_a_limit_is_a_maximum_or_a_rate(measured: float, is_rate: bool, is_reached: bool) -> None:
    """A target is reached at its limit; a rate above it, everything else below it."""
    assert Verdict("latency", measured, 1.5, "x", is_rate=is_rate).is_reached == is_reached


def test_tables_omit_what_was_not_measured() -> None:
    """The tables leave out what was not measured, and mark every target that was missed."""
    results = a_run()
    results.buffered[OURS] = series(2.0)
    text = table.render(results, targets.verdicts(results))
    assert "4 MB" not in text
    assert "MISSED" in next(line for line in text.splitlines() if line.startswith("| warm, buffered, p50"))


def test_limits_are_a_ratio_to_no_limits() -> None:
    """The row of a client with limits has its time, the time without limits, and their ratio."""
    results = a_run()
    assert "without limits" not in table.render(results, [])
    name = limited_client.name(OURS)
    results.buffered[name] = series(2.1)
    _, row = (line for line in table.render(results, []).splitlines() if line.startswith(f"| {name} |"))
    assert [cell.strip() for cell in row.split("|")][2:-1] == ["2.10", "1.40", "1.50"]


def test_converse_is_compared_with_the_native_route() -> None:
    """The rows of the Converse route have the native route's numbers and their ratio; targets judge two of them."""
    results = a_run()
    assert "native route" not in table.render(results, [])
    name = converse_model.name(OURS)
    results.streamed = {OURS: series(2.0), name: series(2.4)}
    results.buffered[name], results.fast[name] = series(2.1), series(50.0)
    lines = table.render(results, []).splitlines()
    begin = next(number for number, line in enumerate(lines) if "native route" in line and "|" in line)
    rows = [[cell.strip() for cell in line.split("|")][2:-1] for line in lines[begin + 2 : begin + 5]]
    assert rows == [["2.10", "1.40", "1.50"], ["2.40", "2.00", "1.20"], ["48.00", "30.00", "1.60"]]
    ratio = verdict_named(results, "Converse, warm, buffered, p50")
    added = verdict_named(results, "Converse, added per streamed event")
    assert (round(ratio.measured, 6), ratio.is_reached, ratio.unit) == (1.5, False, "x ours")
    assert (added.measured, added.is_reached, added.limit) == (48.0, False, 40)


def test_the_numbers_become_json() -> None:
    document = json.loads(json.dumps(a_run().document()))
    assert document["cold"][OURS]["shipped"] == {"next_ms": 100, "answer_ms": 105}


def test_names_are_compared_with_ids() -> None:
    """The rows of a model name have the time by id and the ratio; targets judge whole answers and first bytes."""
    results = a_run()
    assert "by name" not in table.render(results, [])
    name = named_model.name(OURS)
    results.streamed = {OURS: series(2.0), name: series(2.2)}
    results.buffered[name], results.fast[name] = series(1.4), series(32.0)
    lines = table.render(results, []).splitlines()
    begin = next(number for number, line in enumerate(lines) if "| by name |" in line)
    rows = [[cell.strip() for cell in line.split("|")][2:-1] for line in lines[begin + 2 : begin + 5]]
    assert rows == [["1.40", "1.40", "1.00"], ["2.20", "2.00", "1.10"], ["2.20", "2.00", "1.10"]]
    assert verdict_named(results, "by model name, warm, buffered, p50").is_reached
    assert not verdict_named(results, "by model name, first byte, streamed, p50").is_reached


def test_servers_have_a_start_and_a_path() -> None:
    """A server's row has its start, and each path once that it calls at the upstream."""
    results = a_run()
    assert "one start" not in table.render(results, [])
    results.servers[LITELLM] = ServerStart(answer_ms=5600.4, asks=["/a", "/a"])
    (row,) = (line for line in table.render(results, []).splitlines() if line.startswith(f"| {LITELLM} |"))
    assert [cell.strip() for cell in row.split("|")][2:-1] == ["5,600", "/a"]


def test_growth_is_judged_by_cpu_time() -> None:
    """A request that grows is judged by the cost of a further byte, and clients by the cost with most of them."""
    results = a_run()
    points = [
        Point(count=count, body_bytes=count * 1000, p50_ms=9.9, cpu_ms=1 + count / 100, peak_mib=None)
        for count in (1, 10, 100, 400)
    ]
    results.growth = [
        Curve(input="messages", function=OURS, points=points),
        Curve(input=CLIENTS_NAME, function=OURS, points=points),
    ]
    messages, clients = (
        verdict for verdict in targets.verdicts(results) if verdict.name.startswith("growth")
    )
    assert (round(messages.measured, 6), messages.is_reached) == (1.0, True)
    assert (round(clients.measured, 2), clients.unit, clients.is_reached) == (4.95, "x with 1", False)
    assert "| messages, ours |    400 |        400,000 |   9.90 |   5.00 |" in table.render(results, [])
