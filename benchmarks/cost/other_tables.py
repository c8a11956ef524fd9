"""Tables about idle environments, batches, features, savings and prices, and what the sums leave out."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from benchmarks.cost import batches, features, idle, savings
from benchmarks.cost.gateway import REQUEST_LOG_KB, SQS_CALLS_AT_LEAST, Gateway
from benchmarks.cost.money import MILLION, percent, usd
from benchmarks.cost.prices import Price, Prices
from benchmarks.cost.savings import Saving
from benchmarks.cost.shapes import JOB, STREAM, USUAL
from benchmarks.markdown import bold, paragraph, table
from benchmarks.memory_sizes.processor_share import SIZES_MIB

_EVENT_BYTES = 250  # one event of a stream with one token: an estimate
_AUTHORIZER_S = Decimal("0.01")  # an estimate
_BYTES_PER_GB = 10**9
_CENT = Decimal("0.01")
_FREE = "The first 100 GB of an account are free in each month. A container pays the same."
_MINUS = "\N{MINUS SIGN}"


def idle_months(prices: Prices) -> str:
    """What each environment costs in a month without requests."""
    alone, alarms = idle.without_alarms_usd(prices), idle.alarms_usd(prices)
    dashboard = prices.usd("dashboard_month")
    head = [
        "environment",
        "without alarms",
        "with alarms",
        "with alarms and a fourth dashboard",
        "as shipped",
    ]
    rows = [
        [
            f"`{environment.name}`",
            *map(usd, (alone, alone + alarms, alone + alarms + dashboard)),
            usd(idle.shipped_usd(environment, prices)),
        ]
        for environment in idle.ENVIRONMENTS
    ]
    together = bold(["all three in one account", "", "", "", usd(idle.in_one_account_usd(prices))])
    return table(head, [*rows, together])


def idle_items(prices: Prices) -> str:
    """What an idle environment pays for."""
    rows = [
        ["the secret with the Bedrock key", usd(prices.usd("secret_month"))],
        [
            f"Lambda's polls of two queues: {idle.polls():,}, of which a million is free",
            usd(idle.polling_usd(prices)),
        ],
        ["tables, queues, functions, API: they cost nothing while idle", usd(Decimal(0))],
    ]
    return table(["an idle environment, alone in its account", "a month"], rows)


def batch_lines(gateway: Gateway) -> str:
    """What lines of batches cost at the gateway."""
    one = batches.costs(gateway, USUAL)
    rows = [
        ["Lambda, the worker", *_lines(one.worker)],
        ["Lambda, the steps of a batch", *_lines(one.steps)],
        ["SQS", *_lines_between(one.sqs_at_least, one.sqs_at_most)],
        ["DynamoDB, writes", *_lines(one.writes)],
        ["DynamoDB, reads", *_lines(one.reads)],
        ["S3", *_lines(one.files)],
        ["logs", *_lines(one.logs)],
        bold(["the gateway", *_lines_between(one.at_least, one.at_most)]),
    ]
    return table(["for", f"{batches.LINES_PER_BATCH:,} lines", "a million lines"], rows)


def feature_costs(prices: Prices) -> str:
    """Every feature with its setting and its costs."""
    rows = []
    for feature in features.all_features(prices):
        at_most = "at most " if feature.is_upper_bound else ""
        million = "" if feature.million_usd is None else at_most + usd(feature.million_usd)
        month = "" if feature.month_usd is None else usd(feature.month_usd)
        rows.append([feature.title, feature.setting, month, million])
    return table(["feature", "setting", "a month", "a million requests"], rows, texts=(0, 1))


def feature_details(prices: Prices) -> str:
    """Where a feature costs more than its row says."""
    one = usd(features.endpoint_usd(prices))
    large = usd(features.updates_usd(prices, 1, kb=27))
    crowded = usd(features.updates_usd(prices, 2, kb=5) + features.updates_usd(prices, 1))
    calls = usd(prices.usd("kms_calls_million"))
    data, kept = usd(prices.usd("interface_endpoint_gb")), usd(prices.usd("logs_gb_month"))
    lines = [
        f"**Limits:** a client with 200 requests in progress has a larger item, and a million requests cost {crowded}.",
        f"**Usage:** a client that uses 100 models in a day has an item of 27 KB, and a million requests cost {large}.",
        f"**Endpoints:** one endpoint costs {one} a month in one zone, used or not, and {data} for each GB.",
        f"**KMS:** a million calls cost {calls}. There are few, because keys are cached.",
        f"**Logs:** a GB that is kept costs {kept} a month. Without metrics a million requests write {REQUEST_LOG_KB} GB.",
    ]
    return "\n".join(_item(line) for line in lines)


def saving_table(found: Iterable[Saving], saved: str) -> str:
    """Ways to pay less. `saved` names the item in the head."""
    rows = list(found)
    cells = [[one.what, usd(one.usd), _change(one.usd, rows[0].usd), one.effect] for one in rows]
    head = ["what you do", f"{saved}, a million requests", "change", "what you lose"]
    return table(head, cells, texts=(0, 3))


def guardrail_savings() -> str:
    """Ways to pay less for the guardrail."""
    return saving_table(savings.of_guardrail(), "guardrail")


def model_savings() -> str:
    """Ways to pay less for the model. Caching is compared with the same long prompt without a cache."""
    found = list(savings.of_model())
    plain, caching = found[:-2], found[-2:]
    return f"{saving_table(plain, 'model')}\n\n{saving_table(caching, 'model, long prompts')}"


def gateway_savings(gateway: Gateway) -> str:
    """Ways to pay less for the gateway."""
    mib = gateway.defaults.chat_mib
    as_job = gateway.by_default(STREAM._replace(is_job=True))
    smaller = [size for size in SIZES_MIB if size < mib]
    effect = "processor time, and memory for large requests"
    found = [
        Saving(f"the default: {mib} MB", gateway.by_default(STREAM).total, ""),
        *(
            Saving(f"`chat_function.memory_size_mib = {size}`", gateway.costs(STREAM, size).total, effect)
            for size in reversed(smaller)
        ),
        Saving("send it as a job", as_job.total, "the answer comes later, in a queue and not streamed"),
    ]
    return saving_table(found, "gateway")


def left_out(gateway: Gateway) -> str:
    """Amounts that the sums leave out."""
    prices = gateway.prices
    out_gb = Decimal(USUAL.completion_tokens * _EVENT_BYTES) * MILLION / _BYTES_PER_GB
    out = usd(out_gb * prices.usd("data_out_gb"))
    authorizer = gateway.lambda_usd(_AUTHORIZER_S, gateway.defaults.authorizer_mib)
    authorizer += prices.usd("lambda_requests_million") + prices.usd("dynamodb_read_million")
    lines = [
        f"**Data to the internet:** about {out_gb:.0f} GB for a million usual streams: {out} if callers are outside AWS. {_FREE}",
        f"**The authorizer:** at most {usd(authorizer)} for a million requests. It runs once in 60 seconds for each client.",
        _full_calls(gateway),
    ]
    return "\n".join(_item(line) for line in lines)


def list_prices(prices: Prices) -> str:
    """All prices with their sources."""
    rows = [[one.service, _exact(one.usd), one.unit, _source(one)] for one in prices.rows.values()]
    return table(["service", "price", "for one", "source"], rows, texts=(0, 2, 3))


def _full_calls(gateway: Gateway) -> str:
    counted = gateway.by_default(JOB)
    fewest = counted.total - counted.sqs + SQS_CALLS_AT_LEAST * gateway.prices.usd("sqs_million")
    return (
        f"**Full calls of SQS:** the tables count six calls for each job ({usd(counted.sqs)} for a million). With ten "
        f"messages in each call, a million jobs of 5 minutes cost {usd(fewest)} at the gateway, not {usd(counted.total)}."
    )


def _lines(million_usd: Decimal) -> list[str]:
    return [usd(million_usd * batches.LINES_PER_BATCH / MILLION), usd(million_usd)]


def _lines_between(least: Decimal, most: Decimal) -> list[str]:
    return [f"{low} to {high}" for low, high in zip(_lines(least), _lines(most), strict=True)]


def _change(now: Decimal, before: Decimal) -> str:
    if now == before:
        return ""
    return f"{_MINUS}{percent(before - now, before)}" if now < before else f"+{percent(now - before, before)}"


def _exact(amount: Decimal) -> str:
    cents = amount.quantize(_CENT)
    return f"${cents}" if cents == amount else f"${amount.normalize():f}"


def _item(text: str) -> str:
    return paragraph(f"- {text}").replace("\n", "\n  ")


def _source(price: Price) -> str:
    whose = "AWS's page" if price.from_aws else "a copy"
    dated = f" of {price.as_of}" if price.as_of else ""
    return f"[{whose}{dated}]({price.source}), read {price.read_on}"
