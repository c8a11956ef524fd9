"""Counts one request against its client's limits, and records what it used."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from chat_gateway.aws.json_client import AwsCallError
from chat_gateway.aws.settings import AwsSettings
from chat_gateway.client_policies import charges, estimate
from chat_gateway.client_policies.clients_table import DynamoDb, new_dynamodb_client
from chat_gateway.client_policies.costs import Costs
from chat_gateway.client_policies.counters import Counters, Refusal, Reservation, Wanted
from chat_gateway.client_policies.errors import CountersUnavailableError, ModelWithoutPriceError
from chat_gateway.client_policies.estimate import Estimate
from chat_gateway.client_policies.settings import ALLOW, UsageSettings
from chat_gateway.client_policies.usage_records import UsageRecords
from chat_gateway.core import foreign_text
from chat_gateway.core.errors import (
    GatewayError,
    ResponseTooLargeError,
    UpstreamConnectionError,
    UpstreamError,
    UpstreamProtocolError,
    UpstreamTimeoutError,
)
from client_usage import item as usage_item
from client_usage.usage import Usage, usage_of

if TYPE_CHECKING:
    from chat_gateway.completions.request import ChatRequest
    from client_keys.policy import Policy

# The caller waits for the first of these calls; the function's next request may wait for the others.
_CALL_S = 3.0
# A reservation lasts longer than the function that made it. Clocks may differ.
_OUTLIVES_S = 10.0
_ID_DIGITS = 16
_NANO = 1_000_000_000
# After these, Bedrock has generated an answer if it has a request id.
_LOST = (UpstreamTimeoutError, UpstreamConnectionError, UpstreamProtocolError, ResponseTooLargeError)
_NOTHING = {charges.REQUESTS: 0, charges.TOKENS: 0, charges.COST: 0}


class Metering(NamedTuple):
    """What all requests share. Threads may share it if they may share its tables' clients. `clock` is in epoch seconds."""

    counters: Counters
    records: UsageRecords
    costs: Costs
    lets_through: bool  # a request whose counters cannot be reached
    clock: Callable[[], float] = time.time

    @classmethod
    def from_env(cls) -> Metering:
        """Metering with a client of its own, for one thread. Raises ConfigurationError."""
        return cls.of(UsageSettings.from_env(), new_dynamodb_client(AwsSettings.from_env()))

    @classmethod
    def of(cls, settings: UsageSettings, dynamodb: DynamoDb) -> Metering:
        """Raises ConfigurationError for prices that cannot be read."""
        return cls(
            counters=Counters(dynamodb, settings.usage_table),
            records=UsageRecords(dynamodb, settings.usage_table, settings.usage_kept_days),
            costs=Costs.of(settings),
            lets_through=settings.when_counters_fail == ALLOW,
        )


class Meter:
    """Counts one request: `reserve` before it is sent, then what became of it, then `settle`.

    `headers` are for the caller: OpenAI's x-ratelimit headers, after `reserve`.
    """

    def __init__(
        self,
        metering: Metering,
        client_id: str | None,
        policy: Policy,
        chat: ChatRequest,
        *,
        models: Sequence[str],
        ends_in_s: float,
    ) -> None:
        """`models`: those that may answer. `ends_in_s`: the longest time until the function ends."""
        self._metering, self._client_id, self._chat = metering, client_id, chat
        self._policy = policy if policy.is_counted else None  # None: usage is only recorded
        self._ends_at_s = metering.clock() + ends_in_s + _OUTLIVES_S
        self._prices = {model: metering.costs.price(chat, model) for model in models}
        self._model = models[0]
        self._estimate: Estimate | None = None
        self._reservation: Reservation | None = None
        self._is_answered = False
        self._usage: Usage | None = None
        self.headers: dict[str, str] = {}
        self._fields: dict[str, Any] = {}

    def reserve(self, content: bytes) -> None:
        """Reserves what the request may use; `content` is what is sent to Bedrock. Only the first call counts.

        Raises RateLimitError, OverLimitError, InsufficientQuotaError, ModelWithoutPriceError, CountersUnavailableError, and
        InvalidRequestError for a number of choices that is none.
        """
        if self._estimate is not None:
            return
        self._estimate = estimate.of(self._chat.document, content)
        if self._policy is None:
            return
        estimate.check_choices(self._chat.document)
        if self._client_id is None:  # no counters to check
            raise CountersUnavailableError
        if self._policy.monthly_budget_cents is not None and None in self._prices.values():
            raise ModelWithoutPriceError
        self._reserve(self._wanted(self._policy, self._client_id, self._estimate))

    def asked(self, model: str) -> None:
        """The model that answers, or that was asked last."""
        self._model = model

    def answered(self, usage: object) -> None:
        """Bedrock has begun to answer. `usage`, where it has come, is what is charged; else the reservation is."""
        self._is_answered = True
        self._usage = usage_of(usage) or self._usage

    def failed(self, error: GatewayError) -> None:
        """There is no answer, or not all of it. Nothing is charged if Bedrock itself answered with an error, or not at all."""
        if isinstance(error, UpstreamError):
            self._is_answered = False
        elif error.loses_answer or (isinstance(error, _LOST) and error.bedrock_request_id is not None):
            self._is_answered = True

    def settle(self) -> dict[str, Any]:
        """Charges what was used, and records it. Returns fields for the log. Only the first call counts.

        A call that fails is a field of the log, and no error.
        """
        reservation, self._reservation = self._reservation, None
        is_answered, self._is_answered = self._is_answered, False
        now_s, usage = self._metering.clock(), self._charged_usage()
        cost = self._cost(usage)
        if reservation is not None:
            self._settle(reservation, _amounts(usage, cost) if is_answered else _NOTHING, now_s)
        if is_answered:
            self._fields |= {} if cost is None else {"cost_usd": cost / _NANO}
            self._record(usage, cost, now_s)
        return self._fields

    def _wanted(self, policy: Policy, client_id: str, size: Estimate) -> Wanted:
        now_s, costs = self._metering.clock(), self._metering.costs
        cost = max(0 if price is None else costs.at_most(price, size) for price in self._prices.values())
        return Wanted(
            id=uuid.uuid4().hex[:_ID_DIGITS],
            client_id=client_id,
            charges=charges.of(policy, tokens=size.tokens, cost_nano_usd=cost, now_s=now_s),
            slots=policy.concurrent_requests,
            now_s=now_s,
            expires_at_s=self._ends_at_s,
        )

    def _reserve(self, wanted: Wanted) -> None:
        charges.require_possible(wanted.charges)
        try:
            made = self._metering.counters.reserve(wanted, ends_at=time.monotonic() + _CALL_S)
        except AwsCallError as error:
            self._fields["limits_not_checked"] = str(error)
            if not self._metering.lets_through:
                raise CountersUnavailableError from None
            return
        self.headers = charges.headers(made.counted())
        if isinstance(made, Refusal):
            self._fields["limits_reached"] = charges.described(made.over)
            self._note_budget(made, {})
            raise charges.error(made.over)
        self._reservation = made

    def _charged_usage(self) -> Usage | None:
        """The usage that came, else what was reserved; None if nothing is known."""
        size = self._estimate
        if self._usage is not None or size is None or not size.completion_tokens:
            return self._usage
        return Usage(prompt_tokens=size.prompt_tokens, completion_tokens=size.completion_tokens)

    def _cost(self, usage: Usage | None) -> int | None:
        price = self._prices[self._model]
        if usage is None or price is None or self._estimate is None:
            return None
        characters = self._estimate.prompt_characters
        return self._metering.costs.of_usage(price, usage, prompt_characters=characters)

    def _settle(self, reservation: Reservation, used: Mapping[str, int], now_s: float) -> None:
        try:
            self._metering.counters.settle(reservation, used, now_s=now_s, ends_at=time.monotonic() + _CALL_S)
        except AwsCallError as error:
            self._fields |= {"settle_failure": str(error), "unsettled": dict(used)}
            used = {}  # the reservation stays
        self._note_budget(reservation, used)

    def _note_budget(self, made: Reservation | Refusal, used: Mapping[str, int]) -> None:
        """Adds the share of the client's budget that is used once the `used` amounts replace the reserved ones."""
        if self._policy is not None and self._policy.monthly_budget_cents is not None:
            over = made.over if isinstance(made, Refusal) else ()
            self._fields["budget_used_percent"] = charges.budget_used_percent(made.counted(), used, over)

    def _record(self, usage: Usage | None, cost: int | None, now_s: float) -> None:
        model = foreign_text.model(self._model) or usage_item.OTHER_MODELS
        measures = _measures(usage, cost, lacks_guardrail=self._metering.costs.lacks_guardrail)
        try:
            self._metering.records.add(
                self._client_id, model, measures, now_s=now_s, ends_at=time.monotonic() + _CALL_S
            )
        except AwsCallError as error:
            self._fields |= {"usage_failure": str(error), "unrecorded": measures}


def _amounts(usage: Usage | None, cost: int | None) -> dict[str, int]:
    """What is charged, by the charge's measure; a measure that is not known stays as it was reserved."""
    of_tokens = {} if usage is None else {charges.TOKENS: usage.prompt_tokens + usage.completion_tokens}
    return {**of_tokens, **({} if cost is None else {charges.COST: cost})}


def _measures(usage: Usage | None, cost: int | None, *, lacks_guardrail: bool) -> dict[str, int]:
    tokens = {} if usage is None else usage._asdict()
    if cost is None:
        return {usage_item.REQUESTS: 1, **tokens, usage_item.UNPRICED_REQUESTS: 1}
    return {
        usage_item.REQUESTS: 1,
        **tokens,
        usage_item.COST: cost,
        usage_item.TOKENS_ONLY_REQUESTS: int(lacks_guardrail),
    }
