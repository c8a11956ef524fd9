"""Tables about the gateway beside an always-on container and beside the FastAPI sample."""

from __future__ import annotations

from decimal import Decimal

from benchmarks.cost import inference
from benchmarks.cost.containers import (
    LITELLM,
    PLAIN,
    Containers,
    break_even_per_s,
    replaced_usd,
    requests_per_month,
)
from benchmarks.cost.gateway import Gateway
from benchmarks.cost.measurements import Function, Measurements
from benchmarks.cost.money import MILLION, usd
from benchmarks.cost.shapes import ANSWER, JOB, OPEN, STREAM, USUAL, Shape
from benchmarks.markdown import paragraph, table
from benchmarks.memory_sizes.processor_share import SIZES_MIB

_SECONDS_PER_DAY = 86_400
_RATES_PER_S = (Decimal("0.1"), Decimal(1), Decimal(10))
# LiteLLM's proxy has no queue of jobs.
_BREAK_EVENS = (
    (ANSWER, PLAIN, "two tasks"),
    (ANSWER, LITELLM, "LiteLLM"),
    (STREAM, PLAIN, "two tasks"),
    (STREAM, LITELLM, "LiteLLM"),
    (JOB, PLAIN, "two tasks"),
)


def container_prices(gateway: Gateway) -> str:
    """What the two sets of containers cost."""
    rows = [
        [one.title, usd_per_hour(one, gateway), usd(one.usd_per_month(gateway.prices))]
        for one in (PLAIN, LITELLM)
    ]
    return table(["behind one load balancer", "an hour", "a month of 730 hours"], rows)


def usd_per_hour(containers: Containers, gateway: Gateway) -> str:
    """The price of an hour with four digits after the point."""
    return f"${containers.usd_per_hour(gateway.prices):.4f}"


def break_even(gateway: Gateway) -> str:
    """The constant rate of usual requests from which a container is cheaper, with the default memory."""
    rates = [break_even_per_s(one, gateway.by_default(USUAL), gateway.prices) for one in (PLAIN, LITELLM)]
    return paragraph(
        f"With the default memory of {gateway.defaults.chat_mib} MB, two tasks are cheaper above **{rates[0]:.2f} usual requests",
        f"a second**, which are {rates[0] * _SECONDS_PER_DAY:,.0f} a day; those of LiteLLM above {rates[1]:.2f}.",
    )


def break_even_by_memory(gateway: Gateway) -> str:
    """The constant rate from which a container is cheaper, by memory size and kind of request."""
    head = ["memory", *(f"{shape.title}, {short}" for shape, _, short in _BREAK_EVENS)]
    sizes = sorted({*SIZES_MIB, gateway.defaults.chat_mib, gateway.defaults.worker_mib})
    rows = [
        [f"{mib} MB", *(_rate(gateway, shape, mib, containers) for shape, containers, _ in _BREAK_EVENS)]
        for mib in sizes
    ]
    return table(head, rows)


def by_rate(gateway: Gateway) -> str:
    """What a month costs at a constant rate of usual requests."""
    head = [
        "requests a second",
        "requests a month",
        "Lambda and API Gateway",
        "two tasks",
        "two tasks of LiteLLM",
    ]
    head += ["guardrail", f"model {OPEN.title}"]
    return table(head, [_rate_row(gateway, rate) for rate in _RATES_PER_S])


def fastapi(gateway: Gateway, measured: Measurements) -> str:
    """The two functions' needs, and what Lambda charges for them with the default memory."""
    both = measured.ours, measured.fastapi
    mib = gateway.defaults.chat_mib
    rows = [
        ["processor time of a request, on a whole core", *(f"{one.cpu_ms:.2f} ms" for one in both)],
        ["memory, requests of 1 kB", *(f"{one.peak_mib:.0f} MB" for one in both)],
        ["memory, requests of 4 MB", *(f"{one.large_peak_mib:.0f} MB" for one in both)],
        ["initialisation", *(f"{one.init_ms:.0f} ms" for one in both)],
        [f"Lambda's time, a million times {ANSWER.title}, {mib} MB", *_lambda(gateway, both, ANSWER, mib)],
        [f"Lambda's time, a million times {STREAM.title}, {mib} MB", *_lambda(gateway, both, STREAM, mib)],
        _each_with_its_memory(gateway, both),
        [f"initialisation of a million cold starts, {mib} MB", *_init(gateway, both, mib)],
    ]
    return table(["", "this gateway", "FastAPI sample"], rows)


def _rate(gateway: Gateway, shape: Shape, mib: int, containers: Containers) -> str:
    rate = break_even_per_s(containers, gateway.costs(shape, mib), gateway.prices)
    return f"{rate:.2f}" if rate < 10 else f"{rate:.0f}"


def _rate_row(gateway: Gateway, rate_per_s: Decimal) -> list[str]:
    millions = requests_per_month(rate_per_s) / MILLION
    amounts = [
        millions * replaced_usd(gateway.by_default(USUAL)),
        PLAIN.usd_per_month(gateway.prices),
        LITELLM.usd_per_month(gateway.prices),
        millions * inference.guardrail_usd(USUAL, gateway.defaults.policy),
        millions * inference.of_shape(OPEN, USUAL),
    ]
    return [f"{rate_per_s}", f"{requests_per_month(rate_per_s):,.0f}", *map(usd, amounts)]


def _each_with_its_memory(gateway: Gateway, both: tuple[Function, Function]) -> list[str]:
    """The same stream, if the sample gets the next larger size because it needs more memory."""
    ours_mib = gateway.defaults.chat_mib
    larger_mib = min((size for size in SIZES_MIB if size > ours_mib), default=ours_mib)
    pairs = zip(both, (ours_mib, larger_mib), strict=True)
    amounts = [_lambda_usd(gateway, one, STREAM, mib) for one, mib in pairs]
    return [f"the same, if the sample has {larger_mib} MB", *map(usd, amounts)]


def _lambda(gateway: Gateway, both: tuple[Function, Function], shape: Shape, mib: int) -> list[str]:
    return [usd(_lambda_usd(gateway, one, shape, mib)) for one in both]


def _lambda_usd(gateway: Gateway, function: Function, shape: Shape, mib: int) -> Decimal:
    return gateway._replace(function=function).costs(shape, mib).lambda_time


def _init(gateway: Gateway, both: tuple[Function, Function], mib: int) -> list[str]:
    return [usd(gateway._replace(function=one).init_usd(mib)) for one in both]
