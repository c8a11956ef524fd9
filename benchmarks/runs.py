"""The two runs: the quick run measures our functions and the bare handlers, the full run measures all targets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from benchmarks import (
    contenders,
    converse_model,
    events,
    installed_peers,
    jobs,
    litellm_proxy,
    portkey_gateway,
    server_peers,
    stage,
    steps,
    variants,
)
from benchmarks.exchanges import Target
from benchmarks.functions import Function
from benchmarks.growth import clients, requests
from benchmarks.installed_peers import Peers
from benchmarks.results import Batch, Results
from benchmarks.shapes import Shape
from benchmarks.stage import Stage
from benchmarks.steps import JOBS, WIDTH, Rounds
from benchmarks.warm import KILOBYTE

_OURS = {contenders.OURS: variants.ALL}
_WIDTHS, _JOB_LATENCIES_S = (10, 30, WIDTH), (0.2, 1.0, 2.0)
_GROWTH_ROUNDS, _CLIENTS_ROUNDS = 60, 200
_QUICK_BATCHES = 5
_QUICK = Rounds(cold=7, buffered=300, large=9, streamed=100, paced=5, fast=9)
_FULL = Rounds(cold=9, buffered=500, large=11, streamed=150, paced=10, fast=11, slow=15)


def quick(say: Callable[[str], None]) -> Results:
    """Measures our function, the bare handlers, the authorizers and one batch of jobs. Installs nothing."""
    with stage.opened() as where:
        chat = contenders.quick(where.folder, where.upstream)
        authorizers = contenders.authorizers(where.folder, where.upstream)
        results = steps.new_results(chat + authorizers, {})
        starts = _starts(chat, authorizers)
        steps.measure_cold(results, starts, where, _QUICK, without_bytecode=False)
        say("cold starts measured")
        with steps.targets(chat, where, _OURS) as targets:
            steps.measure_warm(results, targets, _QUICK, say)
        _measure_jobs(results, where, widths=(WIDTH,), latencies_s=(1.0,), repeats=_QUICK_BATCHES)
        say("jobs measured")
    return results


def full(peers: Peers, say: Callable[[str], None]) -> Results:
    """Measures all targets."""
    with stage.opened() as where:
        sample = contenders.fastapi_sample(where.folder, where.upstream, peers.fastapi)
        chat = [*contenders.quick(where.folder, where.upstream), sample]
        authorizers = contenders.authorizers(where.folder, where.upstream)
        results = steps.new_results(chat + authorizers, installed_peers.versions())
        starts = _starts(chat, authorizers)
        steps.measure_cold(results, starts, where, _FULL, without_bytecode=True)
        say("cold starts measured")
        with _targets(results, chat, where, peers) as targets:
            steps.measure_warm(results, targets, _FULL, say)
            grown = [targets[name] for name in (contenders.OURS, converse_model.name(contenders.OURS))]
            results.growth = requests.measure(grown, rounds=_GROWTH_ROUNDS)
        results.growth += clients.measure(authorizers[0], _ours(chat), where, rounds=_CLIENTS_ROUNDS)
        say("growth measured")
        _measure_jobs(results, where, widths=_WIDTHS, latencies_s=_JOB_LATENCIES_S, repeats=1)
        say("jobs measured")
    return results


def _ours(chat: Sequence[Function]) -> Function:
    return next(function for function in chat if function.name == contenders.OURS)


def _starts(chat: Sequence[Function], authorizers: Sequence[Function]) -> list[tuple[Function, bytes]]:
    """Each function with its first event."""
    chat_event = events.chat_event(events.chat_body(Shape(), KILOBYTE))
    return [
        *((function, chat_event) for function in chat),
        *((function, events.authorizer_event()) for function in authorizers),
    ]


@contextmanager
def _targets(
    results: Results, chat: Sequence[Function], where: Stage, peers: Peers
) -> Iterator[dict[str, Target]]:
    """The functions and the servers. Adds the servers' starts to the results."""
    servers = (
        litellm_proxy.peer(peers.litellm, where),
        portkey_gateway.peer(peers.portkey, peers.node, where),
    )
    with ExitStack() as stack:
        # One after the other, and before the functions run, so that nothing delays a start.
        started = [stack.enter_context(server_peers.running(server, where)) for server in servers]
        results.servers = {target.name: start for target, start in started}
        targets = stack.enter_context(steps.targets(chat, where, _OURS))
        yield {**targets, **{target.name: target for target, _ in started}}


def _measure_jobs(
    results: Results, where: Stage, *, widths: Sequence[int], latencies_s: Sequence[float], repeats: int
) -> None:
    for width in widths:
        worker = contenders.worker(where.folder, where.upstream, width=width)
        for latency_s in latencies_s:
            took_s, cpu_s = jobs.batch(worker, where.runtime, jobs=JOBS, latency_s=latency_s, repeats=repeats)
            batch = Batch(width=width, jobs=JOBS, latency_s=latency_s, took_s=took_s, cpu_s=cpu_s)
            results.batches.append(batch)
