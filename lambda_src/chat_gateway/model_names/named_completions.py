"""Chat completions by the environment's own model names: asks the targets of a name, one after the other."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from chat_gateway.core.errors import GatewayError, ModelNotAllowedError
from chat_gateway.model_names import failures, first_event, weights
from chat_gateway.model_names.circuit_breaker import CircuitBreaker
from chat_gateway.model_names.named_request import NamedRequest
from chat_gateway.model_names.settings import Target

if TYPE_CHECKING:
    from chat_gateway.bedrock.client import Completion, StreamedAnswer
    from chat_gateway.completions.completions import Completions
    from chat_gateway.completions.request import ChatRequest
    from chat_gateway.completions.retry import Attempts
    from chat_gateway.guardrail.rule import UpstreamRequest
    from chat_gateway.model_names.named_request import At

_Answer = TypeVar("_Answer")


@dataclass(slots=True, kw_only=True)
class NamedCompletions:
    """What `Completions` is, also for the environment's names. Other requests go to `plain`.

    `at`: the completions of a target, with its region's endpoint and guardrail; its second argument limits the time to
    the first byte, in seconds. `names_only`: callers may use no model's id.
    """

    plain: Completions
    names: Mapping[str, tuple[Target, ...]]
    at: At
    names_only: bool = False
    breaker: CircuitBreaker = field(default_factory=CircuitBreaker)
    random: Callable[[], float] = random.random
    _weighted: frozenset[str] = field(init=False)  # the names whose first target is drawn
    _crossing: frozenset[str] = field(init=False)  # the names with targets in other regions

    def __post_init__(self) -> None:
        self._weighted = frozenset(
            name for name, targets in self.names.items() if any(t.weight for t in targets)
        )
        self._crossing = frozenset(
            name for name, targets in self.names.items() if any(t.region for t in targets)
        )

    def models(self, model: str) -> tuple[str, ...]:
        """The models that may answer a request for `model`."""
        targets = self.names.get(model)
        return (model,) if targets is None else tuple(target.model for target in targets)

    def prepared(
        self, request: ChatRequest, *, caller_headers: Mapping[str, Sequence[str]]
    ) -> UpstreamRequest | NamedRequest:
        """The request to Bedrock, with the guardrail of the region that is asked. `caller_headers` have lowercase names.

        Raises what `Completions.prepared` raises.
        """
        targets = self.names.get(request.model)
        if targets is not None:
            return self._named(request, targets, caller_headers)
        if self.names_only:
            raise ModelNotAllowedError(
                "This environment takes its own model names only. GET /models lists them.", param="model"
            )
        return self.plain.prepared(request, caller_headers=caller_headers)

    def create(self, request: UpstreamRequest | NamedRequest, attempts: Attempts) -> Completion:
        """The complete answer to `request`, in the shape that callers see."""
        if not isinstance(request, NamedRequest):
            return self.plain.create(request, attempts)
        return self._answered(request, attempts, self._create)

    def stream(self, request: UpstreamRequest | NamedRequest, attempts: Attempts) -> StreamedAnswer:
        """Bedrock's stream for `request`, after its status 200, and after its first event if another target can follow."""
        if not isinstance(request, NamedRequest):
            return self.plain.stream(request, attempts)
        return self._answered(request, attempts, self._stream)

    def _named(
        self,
        request: ChatRequest,
        targets: tuple[Target, ...],
        caller_headers: Mapping[str, Sequence[str]],
    ) -> NamedRequest:
        if self.plain.allowed_models is not None:
            for target in targets:
                self.plain.allowed_models.check(target.model)
        ordered = weights.ordered(targets, self.random) if request.model in self._weighted else targets
        asked, left_out = self.breaker.split(ordered)
        return NamedRequest(
            request,
            caller_headers,
            asked,
            left_out,
            at=self.at,
            home_guardrail=self.plain.guardrail,
            crosses_regions=request.model in self._crossing,
        )

    def _create(self, request: NamedRequest, attempts: Attempts) -> Completion:
        candidate = request.candidate
        return candidate.completions.create(candidate.request, attempts, rename=request.rename)

    def _stream(self, request: NamedRequest, attempts: Attempts) -> StreamedAnswer:
        candidate = request.candidate
        ends_at = attempts.clock() + candidate.completions.bedrock.first_byte_s
        answer = candidate.completions.stream(candidate.request, attempts)
        return answer if candidate.is_last else first_event.begun(answer, ends_at=ends_at)

    def _answered(
        self, request: NamedRequest, attempts: Attempts, ask: Callable[[NamedRequest, Attempts], _Answer]
    ) -> _Answer:
        """The first answer of a target. Raises the error that says best why there is none."""
        while True:
            request.note(attempts)
            try:
                answer = ask(request, attempts)
            except GatewayError as error:
                if not self._is_followed(request, error, attempts):
                    raise request.error_for_caller() from None
            else:
                self.breaker.answered(request.candidate.target)
                return answer

    def _is_followed(self, request: NamedRequest, error: GatewayError, attempts: Attempts) -> bool:
        """Moves on to the next target after `error`. Returns whether there is one that may be asked."""
        target = request.candidate.target
        request.failed(error)
        request.note(attempts)
        if not failures.is_the_targets(error, target):
            return False
        if attempts.has_time:  # else the request took long, and perhaps not the target
            self.breaker.failed(target, is_gone=failures.is_gone(error))
        return attempts.allows_another(error) and request.move_on()
