"""What the gateway itself costs for a million requests or jobs, without the model and the guardrail."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import NamedTuple

from benchmarks.cost.defaults import Defaults
from benchmarks.cost.measurements import Function
from benchmarks.cost.money import MILLION
from benchmarks.cost.prices import Prices
from benchmarks.cost.shapes import Shape

# Estimates from the local stack's log groups: the line of a request with API Gateway's access log and Lambda's report, and
# the line of a job with its part of the report.
REQUEST_LOG_KB, JOB_LOG_KB = Decimal("1.3"), Decimal("0.7")
# A job is sent, received and deleted, and its result too. With up to ten messages in each call, it needs a tenth.
SQS_CALLS_AT_LEAST, SQS_CALLS_AT_MOST = Decimal("0.6"), Decimal(6)
# The fields of a job's record beside the text of the answer: an estimate.
_RECORD_BYTES = 700
_KB = 1024
_MS = 1000


class Costs(NamedTuple):
    """US dollars for a million requests, by what they are for."""

    lambda_time: Decimal
    lambda_calls: Decimal
    api_gateway: Decimal
    logs: Decimal
    dynamodb: Decimal
    sqs: Decimal
    secret: Decimal

    @property
    def total(self) -> Decimal:
        return sum(self, Decimal(0))


class Gateway(NamedTuple):
    """A gateway with these settings, which answers as fast as `function` did."""

    prices: Prices
    defaults: Defaults
    function: Function

    def costs(self, shape: Shape, memory_mib: int, *, width: int | None = None) -> Costs:
        """What a million requests cost with this much memory. `width` replaces the default number of jobs in a worker."""
        together = (width or self.defaults.width) if shape.is_job else 1
        billed_s = billed_ms(shape, self.function.own_ms(memory_mib), together) / _MS
        usd = self.prices.usd
        return Costs(
            lambda_time=self.lambda_usd(billed_s, memory_mib),
            lambda_calls=usd("lambda_requests_million") / together,
            api_gateway=Decimal(0) if shape.is_job else usd("api_gateway_million"),
            logs=(JOB_LOG_KB if shape.is_job else REQUEST_LOG_KB) * usd("logs_gb"),
            dynamodb=record_writes(shape) * usd("dynamodb_write_million") if shape.is_job else Decimal(0),
            sqs=SQS_CALLS_AT_MOST * usd("sqs_million") if shape.is_job else Decimal(0),
            secret=billed_s / self.defaults.key_max_age_s * usd("secret_reads_million"),
        )

    def by_default(self, shape: Shape) -> Costs:
        """What a million requests cost with the default memory."""
        return self.costs(shape, self.memory_mib(shape))

    def memory_mib(self, shape: Shape) -> int:
        """The default memory of the function that answers such requests."""
        return self.defaults.worker_mib if shape.is_job else self.defaults.chat_mib

    def lambda_usd(self, billed_s: Decimal, memory_mib: int) -> Decimal:
        """What Lambda's time costs for a million requests that each are billed so long."""
        gb_seconds = billed_s * memory_mib / _KB * MILLION
        return gb_seconds * self.prices.usd("lambda_arm_gb_second")

    def init_usd(self, memory_mib: int) -> Decimal:
        """What the initialisation of a million cold starts costs."""
        return self.lambda_usd(self.function.init_ms / _MS, memory_mib)


def billed_ms(shape: Shape, own_ms: Decimal, together: int) -> Decimal:
    """The time that one request is billed: Bedrock's and the gateway's own.

    Lambda rounds a call up to a millisecond. `together` jobs wait for Bedrock in one call, and each adds its own time.
    """
    call_ms = math.ceil(shape.seconds * _MS + together * own_ms)
    return Decimal(call_ms) / together


def record_writes(shape: Shape) -> int:
    """The DynamoDB writes of a job: one for the claim, and one for each KB of the record with the answer."""
    return 1 + math.ceil((shape.answer_bytes + _RECORD_BYTES) / _KB)
