"""Creates chat completions: applies the guardrail, adds credentials, and retries."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

from chat_gateway.bedrock.auth import UpstreamAuth, UpstreamCredentials
from chat_gateway.bedrock.client import BedrockClient, Completion, RefusedCredentialsError, StreamedAnswer
from chat_gateway.completions import cache_control, reasoning, routes
from chat_gateway.completions.presentation import Rename, presented
from chat_gateway.completions.request import ChatRequest
from chat_gateway.completions.retry import Attempts
from chat_gateway.core.errors import GatewayError, UpstreamAccessError, UpstreamCredentialsError
from chat_gateway.guardrail import rule
from chat_gateway.guardrail.rule import UpstreamRequest
from chat_gateway.guardrail.settings import Guardrail

if TYPE_CHECKING:
    from chat_gateway.completions.allowed_models import AllowedModels
    from chat_gateway.converse.client import ConverseClient

    class PreparedRequest(Protocol):
        """What a function reads of a request to Bedrock: see `UpstreamRequest`."""

        @property
        def content(self) -> bytes: ...
        @property
        def guardrail(self) -> str | None: ...
        @property
        def shows_trace(self) -> bool: ...
        @property
        def separates_reasoning(self) -> bool: ...
        @property
        def shown_model(self) -> str | None: ...

    class ChatCompletions(Protocol):
        """`Completions`, or the same for an environment with model names of its own."""

        @property
        def names(self) -> Container[str]: ...
        def models(self, model: str) -> tuple[str, ...]: ...
        def prepared(
            self, request: ChatRequest, *, caller_headers: Mapping[str, Sequence[str]]
        ) -> PreparedRequest: ...
        def create(self, request: Any, attempts: Attempts) -> Completion: ...
        def stream(self, request: Any, attempts: Attempts) -> StreamedAnswer: ...


_Answer_co = TypeVar("_Answer_co", covariant=True)


class _Ask(Protocol[_Answer_co]):
    def __call__(
        self, content: Any, /, *, auth: UpstreamAuth, headers: Mapping[str, str], deadline: float
    ) -> _Answer_co: ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Completions:
    """Creates chat completions for the chat function and the jobs worker.

    Passing failures are retried as `attempts` allows. Methods raise subclasses of GatewayError.
    """

    bedrock: BedrockClient
    credentials: UpstreamCredentials
    guardrail: Guardrail | None
    separates_reasoning: bool = True  # for models that write their reasoning into `content`
    allowed_models: AllowedModels | None = None  # None: all models that the credentials may use
    routes: Mapping[str, str] = field(default_factory=dict)  # the environment's own, by model
    names: ClassVar[Container[str]] = ()  # the environment's own model names

    def models(self, model: str) -> tuple[str, ...]:
        """The models that may answer a request for `model`: this one."""
        return (model,)

    def prepared(
        self, request: ChatRequest, *, caller_headers: Mapping[str, Sequence[str]]
    ) -> UpstreamRequest:
        """The request to Bedrock, with the environment's guardrail. `caller_headers` have lowercase names."""
        if self.allowed_models is not None:
            self.allowed_models.check(request.model)
        if routes.route_of(request.model, self.routes) == routes.CONVERSE:
            return self._converse_request(request, caller_headers)
        # No family on this route takes marks for caching: they cache without being asked.
        document = cache_control.without_cache_control(request.document)
        prepared = rule.apply(self.guardrail, document, caller_headers)
        separates = self.separates_reasoning and reasoning.is_in_content(request.model)
        return prepared._replace(separates_reasoning=True) if separates else prepared

    def create(
        self, request: UpstreamRequest, attempts: Attempts, *, rename: Rename | None = None
    ) -> Completion:
        """The complete answer to `request`, in the shape that callers see, with its model as `rename` leaves it."""
        ask = self.bedrock.complete if request.call is None else self._converse().complete
        completion = self._tried(ask, request, attempts)
        return presented(
            completion,
            keep_trace=request.shows_trace,
            separates_reasoning=request.separates_reasoning,
            rename=rename,
        )

    def stream(self, request: UpstreamRequest, attempts: Attempts) -> StreamedAnswer:
        """Bedrock's stream for `request`, after its status 200."""
        if request.call is not None:
            return self._tried(self._converse().stream, request, attempts)
        return self._tried(self.bedrock.stream, request, attempts)

    def _converse(self) -> ConverseClient:
        from chat_gateway.converse.client import ConverseClient  # for models that need it only

        return ConverseClient(self.bedrock)

    def _converse_request(
        self, request: ChatRequest, caller_headers: Mapping[str, Sequence[str]]
    ) -> UpstreamRequest:
        from chat_gateway.converse import call  # for models that need it only

        return call.prepared(
            self.guardrail, request.document, caller_headers, model=request.model, streams=request.streams
        )

    def _tried(self, ask: _Ask[_Answer_co], request: UpstreamRequest, attempts: Attempts) -> _Answer_co:
        while True:
            attempts.begin()
            try:
                return self._with_credentials(ask, request, attempts.deadline)
            except GatewayError as error:
                if not attempts.waits_for_next(error):
                    raise

    def _with_credentials(
        self, ask: _Ask[_Answer_co], request: UpstreamRequest, deadline: float
    ) -> _Answer_co:
        content, headers = request.call or request.content, request.headers
        auth = self.credentials.auth(ends_at=deadline)
        try:
            return ask(content, auth=auth, headers=headers, deadline=deadline)
        except RefusedCredentialsError as refused:
            replacement = auth.after_refusal(ends_at=deadline)
            if replacement is None:
                raise _credentials_error(auth, refused) from None
        try:
            return ask(content, auth=replacement, headers=headers, deadline=deadline)
        except RefusedCredentialsError as refused:
            raise _credentials_error(replacement, refused) from None


def _credentials_error(auth: UpstreamAuth, refused: RefusedCredentialsError) -> GatewayError:
    if refused.lacks_access:
        return UpstreamAccessError(refused.detail, bedrock_request_id=refused.bedrock_request_id)
    return UpstreamCredentialsError(
        f"{auth.refused_as}: {refused.detail}",
        bedrock_request_id=refused.bedrock_request_id,
        is_refusal=True,
    )
