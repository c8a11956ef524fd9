"""What lines of OpenAI batches cost at the gateway: a line is a job, and has files, counts and steps beside it."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from benchmarks.cost.gateway import Gateway, record_writes
from benchmarks.cost.money import MILLION
from benchmarks.cost.shapes import CHARACTERS_PER_TOKEN, Shape

LINES_PER_BATCH = 50_000
# Estimates, in units for each line. docs/batches.md says what is written and read.
_LOG_KB = Decimal("0.8")
_SQS_AT_LEAST, _SQS_AT_MOST = Decimal("0.3"), Decimal("2.1")
_COUNT_WRITES, _PROGRESS_WRITES = 1, Decimal("0.2")
_READS = Decimal("3.1")  # the state 1.1, and the record twice: once for each file
_FRAME_BYTES = 100  # the JSON around a text, in the input and in each file
# The steps that check, split and write the files of one batch: 1 GB for 250 s.
_STEPS_GB_S_PER_BATCH = 250
_BYTES_PER_GB = 10**9


class Costs(NamedTuple):
    """US dollars for a million lines, by what they are for."""

    worker: Decimal
    steps: Decimal
    sqs_at_least: Decimal
    sqs_at_most: Decimal
    writes: Decimal
    reads: Decimal
    files: Decimal
    logs: Decimal

    @property
    def at_least(self) -> Decimal:
        return sum(self, Decimal(0)) - self.sqs_at_most

    @property
    def at_most(self) -> Decimal:
        return sum(self, Decimal(0)) - self.sqs_at_least


def costs(gateway: Gateway, shape: Shape) -> Costs:
    """What a million lines cost whose requests have this shape."""
    usd = gateway.prices.usd
    steps_gb_s = Decimal(MILLION) / LINES_PER_BATCH * _STEPS_GB_S_PER_BATCH
    return Costs(
        worker=gateway.by_default(shape._replace(is_job=True)).lambda_time,
        steps=steps_gb_s * usd("lambda_arm_gb_second"),
        sqs_at_least=_SQS_AT_LEAST * usd("sqs_group_million"),
        sqs_at_most=_SQS_AT_MOST * usd("sqs_group_million"),
        writes=(record_writes(shape) + _COUNT_WRITES + _PROGRESS_WRITES) * usd("dynamodb_write_million"),
        reads=_READS * usd("dynamodb_read_million"),
        files=usd("s3_get_million") + _stored_gb(shape) * usd("s3_gb_month"),
        logs=_LOG_KB * usd("logs_gb"),
    )


def _stored_gb(shape: Shape) -> Decimal:
    """The GB of a million lines in the input and the output file, which are kept for about a month."""
    prompt_bytes = shape.prompt_tokens * CHARACTERS_PER_TOKEN
    return Decimal(prompt_bytes + shape.answer_bytes + 2 * _FRAME_BYTES) * MILLION / _BYTES_PER_GB
