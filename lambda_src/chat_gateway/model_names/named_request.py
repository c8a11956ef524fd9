"""One request by a model name: the target that is asked, those that can follow, and what became of the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from chat_gateway.completions import retry, shown_model
from chat_gateway.completions.request import ChatRequest
from chat_gateway.core.errors import GatewayError, InvalidRequestError, UpstreamCredentialsError
from chat_gateway.guardrail import overrides, rule
from chat_gateway.guardrail.overrides import IDENTIFIER_HEADER, VERSION_HEADER
from chat_gateway.model_names import failures
from chat_gateway.model_names.settings import Target

if TYPE_CHECKING:
    from chat_gateway.completions.completions import Completions
    from chat_gateway.completions.retry import Attempts
    from chat_gateway.guardrail.rule import UpstreamRequest
    from chat_gateway.guardrail.settings import Guardrail

_Error = TypeVar("_Error", bound=GatewayError)
# The headers that name a guardrail.
_NAMING = (IDENTIFIER_HEADER, VERSION_HEADER)
# The completions of a target's region; the second argument limits the time to the first byte, in seconds.
At = Callable[[Target, "float | None"], "Completions"]


class Candidate(NamedTuple):
    """A target, and the request that it gets. `is_last`: no other target follows."""

    target: Target
    completions: Completions
    request: UpstreamRequest
    is_last: bool


class NamedRequest:
    """A request by a name. Its attributes are those of the `UpstreamRequest` for the target that is asked.

    `shown_model`: the name, which the answer has in place of the target's model.
    """

    def __init__(
        self,
        request: ChatRequest,
        caller_headers: Mapping[str, Sequence[str]],
        targets: Sequence[Target],
        left_out: Sequence[Target],
        *,
        at: At,
        home_guardrail: Guardrail | None,
        crosses_regions: bool,
    ) -> None:
        """`left_out`: targets that are asked only if no other one takes the request, or if all others are gone.
        `crosses_regions`: a target is in another region than the environment.

        Raises InvalidRequestError if no target takes the request, and what `Completions.prepared` raises else.
        """
        self._request, self._caller_headers = request, caller_headers
        self.shown_model = request.model
        self._waiting, self._left_out = list(targets), left_out
        self._at, self._home_guardrail = at, home_guardrail
        self._errors: list[GatewayError] = []  # of targets that were asked
        self._refusals: list[InvalidRequestError] = []  # of the request, by targets that cannot be asked
        self._log: list[dict[str, Any]] = [{**_described(target), "skipped": True} for target in left_out]
        if crosses_regions:
            self._check_headers()
        candidate = self._next() or self._next_left_out()
        if candidate is None:
            raise self._refusals.pop(0)
        self.candidate = candidate

    @property
    def content(self) -> bytes:
        return self.candidate.request.content

    @property
    def guardrail(self) -> str | None:
        return self.candidate.request.guardrail

    @property
    def shows_trace(self) -> bool:
        return self.candidate.request.shows_trace

    @property
    def separates_reasoning(self) -> bool:
        return self.candidate.request.separates_reasoning

    def rename(self, text: str, document: dict[str, Any]) -> str | None:
        """`text`, the JSON of an answer, with the name; None if `document`, which is changed too, must be serialised again."""
        return shown_model.text_with_model(text, document, self.shown_model)

    def failed(self, error: GatewayError) -> None:
        """Notes that the target did not answer."""
        if isinstance(error, UpstreamCredentialsError) and failures.is_of_region(
            error, self.candidate.target
        ):
            error.region = self.candidate.target.region
        self._errors.append(_without_frames(error))
        self._log.append({**_described(self.candidate.target), **_cause(error)})

    def move_on(self) -> bool:
        """Whether a target takes the request, which is the candidate then: this one, as the last, if no other does."""
        error = self._errors[-1]
        if self.candidate.is_last and not failures.is_gone(error):
            return False
        candidate = self._next() or self._next_left_out()
        if candidate is None and retry.is_retryable(error):
            candidate = self._as_last()
        self.candidate = candidate or self.candidate
        return candidate is not None

    def error_for_caller(self) -> GatewayError:
        """The last error if it is the request's own; else the last one that may pass, because then a retry can help."""
        errors, self._errors = self._errors, []  # which would keep themselves, by the traceback that one gets
        if not failures.is_the_targets(errors[-1], self.candidate.target):
            return errors[-1]
        return next(filter(retry.is_retryable, reversed(errors)), errors[-1])

    def note(self, attempts: Attempts) -> None:
        """Writes the targets into `attempts`, for the log and the price, and whether the candidate may be asked again."""
        target, is_last = self.candidate.target, self.candidate.is_last
        if is_last and not attempts.may_repeat:
            attempts.count_before = attempts.count
        attempts.may_repeat, attempts.target_model = is_last, target.model
        earlier = (attempts.log_fields or {}).get("failed_targets")
        if earlier is not None and earlier is not self._log:  # the request was prepared a second time
            self._log[:0] = earlier
        attempts.log_fields = {
            "target_model": target.model,
            "target_region": target.region,
            "failed_targets": self._log or None,
            "guardrail": self.candidate.request.guardrail,
        }

    def _next(self) -> Candidate | None:
        """The next target that takes the request."""
        while self._waiting:
            target = self._waiting.pop(0)
            try:
                return self._candidate(target, is_last=not self._waiting)
            except InvalidRequestError as refusal:
                self._refusals.append(_without_frames(refusal))
                self._log.append({**_described(target), **_cause(refusal)})
        return None

    def _next_left_out(self) -> Candidate | None:
        self._waiting, self._left_out = list(self._left_out), ()
        return self._next()

    def _as_last(self) -> Candidate:
        """The candidate, with the time and the retries of a last target."""
        completions = self._at(self.candidate.target, None)
        return self.candidate._replace(completions=completions, is_last=True)

    def _candidate(self, target: Target, *, is_last: bool) -> Candidate:
        completions = self._at(target, None if is_last else target.first_byte_s)
        request = ChatRequest(
            target.model, {**self._request.document, "model": target.model}, *self._request[2:]
        )
        headers = self._caller_headers if target.region is None else self._headers_elsewhere()
        prepared = completions.prepared(request, caller_headers=headers)
        if prepared.call is not None:
            prepared.call.shown_model = self.shown_model
        return Candidate(target, completions, prepared, is_last)

    def _check_headers(self) -> None:
        """Raises GuardrailOverrideError for a guardrail that is not the environment's, whichever region will be asked."""
        home = self._home_guardrail
        if home is not None and not home.callers_may_override:
            overrides.check_headers(rule.repeatable_headers(home), self._caller_headers)

    def _headers_elsewhere(self) -> Mapping[str, Sequence[str]]:
        """The caller's headers for another region, without those that repeat the environment's guardrail."""
        if self._home_guardrail is None:
            return self._caller_headers
        home = rule.repeatable_headers(self._home_guardrail)
        repeated = {name: values for name, values in self._caller_headers.items() if name in _NAMING}
        if any(list(values) != [home[name]] for name, values in repeated.items()):
            return self._caller_headers  # the caller's own guardrail, which the rule judges as a whole
        return {name: values for name, values in self._caller_headers.items() if name not in _NAMING}


def _without_frames(error: _Error) -> _Error:
    """The error without its traceback, which would keep this request and its bytes."""
    error.__traceback__ = error.__context__ = None
    return error


def _described(target: Target) -> dict[str, Any]:
    return _without_none({"model": target.model, "region": target.region})


def _cause(error: GatewayError) -> dict[str, Any]:
    ids = {"error_code": error.code, "bedrock_request_id": error.bedrock_request_id}
    # Of a lost answer, or of refused credentials: both are in our own words.
    reason = getattr(error, "cause", None) or getattr(error, "reason", None)
    return {
        "status": int(error.status),
        "error_class": type(error).__name__,
        **_without_none(ids | {"reason": reason}),
    }


def _without_none(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
