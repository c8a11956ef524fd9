"""Tables and sentences about a million requests: their sum, their memory size, and the gateway's part."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from benchmarks.cost import inference, shapes
from benchmarks.cost.gateway import Gateway
from benchmarks.cost.money import percent, usd
from benchmarks.cost.shapes import CLAUDE, MODELS, OPEN, SHAPES, USUAL, Model, Shape
from benchmarks.markdown import bold, paragraph, table
from benchmarks.memory_sizes.processor_share import SIZES_MIB
from client_usage import price_list

_ITEMS = ("model", "guardrail", "gateway")
_WIDTHS = (10, 50, 100, 300)


def parts(gateway: Gateway, shape: Shape, model: Model) -> dict[str, Decimal]:
    """What a million requests cost with default settings: model, guardrail and gateway."""
    return {
        "model": inference.of_shape(model, shape),
        "guardrail": inference.guardrail_usd(shape, gateway.defaults.policy),
        "gateway": gateway.by_default(shape).total,
    }


def first_screen(gateway: Gateway) -> str:
    """The answer in three sentences and one table."""
    usual = parts(gateway, USUAL, OPEN)
    total = sum(usual.values(), Decimal(0))
    largest = max(usual, key=lambda item: usual[item])
    text = paragraph(
        f"**A million requests of the usual kind cost {usd(total)}** with the model {OPEN.title}.",
        f"The largest item is the {largest}: {usd(usual[largest])}, which is {percent(usual[largest], total)}.",
        f"The gateway itself costs {usd(usual['gateway'])}, which is {percent(usual['gateway'], total)}.",
    )
    head = ["US dollars for a million requests", *(model.title for model in MODELS)]
    columns = [parts(gateway, USUAL, model) for model in MODELS]
    rows = [[item, *(usd(column[item]) for column in columns)] for item in _ITEMS]
    sums = ["sum", *(usd(sum(column.values(), Decimal(0))) for column in columns)]
    return f"{text}\n\n{table(head, [*rows, bold(sums)])}"


def kinds(gateway: Gateway) -> str:
    """The three kinds of requests, and what Bedrock counts."""
    head = ["kind of request", "tokens in", "tokens out", "text units in", "text units out", "default memory"]
    rows = [
        [
            shape.title + (" (the usual kind)" if shape is USUAL else ""),
            f"{shape.prompt_tokens:,}",
            f"{shape.completion_tokens:,}",
            str(shape.prompt_text_units),
            str(shape.completion_text_units),
            f"{gateway.memory_mib(shape)} MB",
        ]
        for shape in SHAPES
    ]
    return table(head, rows)


def by_kind(gateway: Gateway) -> str:
    """What a million requests of each kind cost with default settings, and their sums with two models."""
    guardrails = [inference.guardrail_usd(shape, gateway.defaults.policy) for shape in SHAPES]
    gateways = [gateway.by_default(shape).total for shape in SHAPES]
    rows = [["guardrail", *map(usd, guardrails)], ["gateway, with the default memory", *map(usd, gateways)]]
    beside = [sum(both, Decimal(0)) for both in zip(guardrails, gateways, strict=True)]
    for model in (OPEN, CLAUDE):
        models = [inference.of_shape(model, shape) for shape in SHAPES]
        sums = [usd(sum(both, Decimal(0))) for both in zip(beside, models, strict=True)]
        rows += [[f"model {model.title}", *map(usd, models)], bold([f"sum with {model.title}", *sums])]
    return table(["US dollars for a million", *(shape.title for shape in SHAPES)], rows)


def by_memory(gateway: Gateway) -> str:
    """What the gateway costs for a million requests of each kind with each memory size."""
    sizes = sorted({*SIZES_MIB, *(gateway.memory_mib(shape) for shape in SHAPES)})
    rows = [[f"{mib} MB", *(_at(gateway, shape, mib) for shape in SHAPES)] for mib in sizes]
    return table(["the gateway with this memory", *(shape.title for shape in SHAPES)], rows)


def gateway_items(gateway: Gateway) -> str:
    """The gateway's part by service, with the default memory."""
    columns = [gateway.by_default(shape) for shape in SHAPES]
    items = [
        ("Lambda's time", "lambda_time"),
        ("Lambda's calls", "lambda_calls"),
        ("API Gateway", "api_gateway"),
        ("logs", "logs"),
        ("DynamoDB (the job's record)", "dynamodb"),
        ("SQS (six calls for each job)", "sqs"),
        ("reads of the Bedrock key (Secrets Manager)", "secret"),
    ]
    rows = [[title, *(usd(getattr(column, field)) for column in columns)] for title, field in items]
    sums = bold(["the gateway", *(usd(column.total) for column in columns)])
    return table(["for a million", *(shape.title for shape in SHAPES)], [*rows, sums])


def own_time(gateway: Gateway) -> str:
    """The gateway's own time by memory size, and what Lambda charges for it."""
    mib = gateway.defaults.chat_mib
    own = gateway.function.own_ms(mib)
    text = paragraph(
        f"With {mib} MB the gateway needs at most {own:.2f} ms of its own time for a request.",
        f"That is {_share(own, USUAL)} of the {USUAL.seconds} seconds that a usual request waits for the model.",
        "These times are [measured](performance/memory.md) under the processor share of each size, at one request a second.",
        "They contain the time of the test server in Bedrock's place.",
    )
    head = ["memory", "own time of a request", "Lambda's charge for it, a million requests"]
    rows = [
        [f"{size} MB", f"{gateway.function.own_ms(size):.2f} ms", usd(_own_usd(gateway, size))]
        for size in SIZES_MIB
    ]
    return f"{text}\n\n{table(head, rows)}"


def cold_starts(gateway: Gateway) -> str:
    """What cold starts add."""
    init_ms = gateway.function.init_ms
    mib = gateway.defaults.chat_mib
    all_cold = gateway.init_usd(mib)
    return paragraph(
        f"The initialisation takes {init_ms:.0f} ms and costs {usd(all_cold)} for a million cold starts, with {mib} MB.",
        f"So it adds at most {usd(all_cold)} to a million requests, if each of them is cold,",
        f"and {usd(all_cold / 100)} if one in a hundred is.",
    )


def widths(gateway: Gateway) -> str:
    """Lambda's time by the number of jobs in a worker, and without the queue."""
    job = shapes.JOB
    sizes = sorted({*_WIDTHS, gateway.defaults.width})
    rows = [
        [
            f"{width}" + (" (default)" if width == gateway.defaults.width else ""),
            usd(gateway.costs(job, gateway.defaults.worker_mib, width=width).lambda_time),
        ]
        for width in sizes
    ]
    alone = usd(gateway.costs(job._replace(is_job=False), gateway.defaults.chat_mib).lambda_time)
    rows.append([f"no job: a stream over HTTP, with {gateway.defaults.chat_mib} MB", alone])
    return table(["jobs in progress in one worker", "Lambda's time for a million"], rows)


def model_prices() -> str:
    """The prices of the three models, from the gateway's list."""
    rows = [[model.title, f"`{model.id}`", *_listed(model)] for model in MODELS]
    return table(["model", "id", "input", "cached input", "output"], rows, texts=(0, 1))


def _at(gateway: Gateway, shape: Shape, mib: int) -> str:
    amount = usd(gateway.costs(shape, mib).total)
    return f"**{amount} (default)**" if mib == gateway.memory_mib(shape) else amount


def _share(own_ms: Decimal, shape: Shape) -> str:
    return f"{100 * own_ms / (shape.seconds * 1000):.3f} %"


def _own_usd(gateway: Gateway, mib: int) -> Decimal:
    return gateway.lambda_usd(gateway.function.own_ms(mib) / 1000, mib)


def _listed(model: Model) -> Iterator[str]:
    (row,) = (block.rows[model.id] for block in price_list.MODELS if model.id in block.rows)
    for text in (row[0], row[2], row[1]):
        yield "" if text is None else usd(Decimal(text))
