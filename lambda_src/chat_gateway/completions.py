"""Creates chat completions: the guardrail rule, the key, and one repeat with a newly read key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from chat_gateway import guardrails
from chat_gateway.bedrock import BedrockClient, Completion, RefusedKeyError, UpstreamAnswer
from chat_gateway.bedrock_key import BedrockApiKey
from chat_gateway.chat_request import ChatRequest
from chat_gateway.errors import UpstreamCredentialsError
from chat_gateway.guardrails import GuardedRequest, Guardrail

_Answer_co = TypeVar("_Answer_co", covariant=True)


class _Ask(Protocol[_Answer_co]):
    def __call__(
        self, content: bytes, *, api_key: str, headers: Mapping[str, str], deadline: float
    ) -> _Answer_co: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Completions:
    """What the chat function and the jobs worker both ask Bedrock through.

    `deadline` is in monotonic seconds. Raises GatewayError, in whichever of its kinds.
    """

    bedrock: BedrockClient
    api_key: BedrockApiKey
    guardrail: Guardrail | None

    def guarded(self, request: ChatRequest, *, caller_headers: Mapping[str, Sequence[str]]) -> GuardedRequest:
        """`request` as it may go up: under the environment's guardrail. `caller_headers` have lowercase names."""
        return guardrails.guarded(self.guardrail, request.document, caller_headers)

    def create(self, request: GuardedRequest, *, deadline: float) -> Completion:
        """The whole completion of `request`, with a guardrail's block in its one shape."""
        completion = self._with_key(self.bedrock.complete, request, deadline)
        return completion.presented(keep_trace=request.shows_trace)

    def stream(self, request: GuardedRequest, *, deadline: float) -> UpstreamAnswer:
        """Bedrock's stream for `request`, whose status is known to be 200."""
        return self._with_key(self.bedrock.stream, request, deadline)

    def _with_key(self, ask: _Ask[_Answer_co], request: GuardedRequest, deadline: float) -> _Answer_co:
        content, headers = request.content, request.headers
        key = self.api_key.get()
        try:
            return ask(content, api_key=key, headers=headers, deadline=deadline)
        except RefusedKeyError as refused:
            replacement = self.api_key.replacement_for(key)
            if replacement is None:
                raise _credentials_error(refused) from None
        try:
            return ask(content, api_key=replacement, headers=headers, deadline=deadline)
        except RefusedKeyError as refused:
            raise _credentials_error(refused) from None


def _credentials_error(refused: RefusedKeyError) -> UpstreamCredentialsError:
    return UpstreamCredentialsError(
        f"Bedrock refused the key: {refused.detail}", bedrock_request_id=refused.bedrock_request_id
    )
