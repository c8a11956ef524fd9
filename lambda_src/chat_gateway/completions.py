"""Creates chat completions: the guardrail rule, the key, and one repeat with a newly read key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from chat_gateway import guardrails, strict_json
from chat_gateway.bedrock import BedrockClient, Completion, RefusedKeyError, UpstreamAnswer
from chat_gateway.bedrock_key import BedrockApiKey
from chat_gateway.chat_request import ChatRequest
from chat_gateway.errors import UpstreamCredentialsError
from chat_gateway.guardrails import Guardrail

_Answer_co = TypeVar("_Answer_co", covariant=True)


class _Ask(Protocol[_Answer_co]):
    def __call__(
        self, content: bytes, *, api_key: str, headers: Mapping[str, str], deadline: float
    ) -> _Answer_co: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Completions:
    """What the chat function and the jobs worker both ask Bedrock through.

    `deadline` is in monotonic seconds; `caller_headers` have lowercase names. Raises GatewayError, in whichever
    of its kinds.
    """

    bedrock: BedrockClient
    api_key: BedrockApiKey
    guardrail: Guardrail | None

    def create(
        self, request: ChatRequest, *, caller_headers: Mapping[str, Sequence[str]], deadline: float
    ) -> Completion:
        """The whole completion of `request`, with a guardrail's block in its one shape."""
        completion = self._with_key(self.bedrock.complete, request, caller_headers, deadline)
        return completion.presented(keep_trace=self.keep_trace)

    def stream(
        self, request: ChatRequest, *, caller_headers: Mapping[str, Sequence[str]], deadline: float
    ) -> UpstreamAnswer:
        """Bedrock's stream for `request`, whose status is known to be 200."""
        return self._with_key(self.bedrock.stream, request, caller_headers, deadline)

    @property
    def keep_trace(self) -> bool:
        """Whether what the guardrail found stays in an answer."""
        return self.guardrail is None or self.guardrail.shows_trace

    def _with_key(
        self,
        ask: _Ask[_Answer_co],
        request: ChatRequest,
        caller_headers: Mapping[str, Sequence[str]],
        deadline: float,
    ) -> _Answer_co:
        headers = guardrails.upstream_headers(self.guardrail, caller_headers)
        document = guardrails.upstream_document(self.guardrail, request.document)
        content = strict_json.dumps(document)
        guardrails.check_tags(self.guardrail, document, content)
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
