"""Creates chat completions: the guardrail rule, the key, and one repeat with a newly read key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chat_gateway import guardrails
from chat_gateway.bedrock import BedrockClient, Completion, RefusedKeyError
from chat_gateway.bedrock_key import BedrockApiKey
from chat_gateway.chat_request import ChatRequest
from chat_gateway.errors import UpstreamCredentialsError
from chat_gateway.guardrails import Guardrail


@dataclass(frozen=True, slots=True, kw_only=True)
class Completions:
    """What the chat function and the jobs worker both ask Bedrock through."""

    bedrock: BedrockClient
    api_key: BedrockApiKey
    guardrail: Guardrail | None

    def create(
        self, request: ChatRequest, *, caller_headers: Mapping[str, Sequence[str]], deadline: float
    ) -> Completion:
        """The completion of `request` by `deadline` (monotonic seconds). `caller_headers` have lowercase names.

        Raises GatewayError, in whichever of its kinds.
        """
        headers = guardrails.upstream_headers(self.guardrail, caller_headers, request.document)
        key = self.api_key.get()
        try:
            return self.bedrock.complete(request.content, api_key=key, headers=headers, deadline=deadline)
        except RefusedKeyError as refused:
            replacement = self.api_key.replacement_for(key)
            if replacement is None:
                raise _credentials_error(refused) from None
        try:
            return self.bedrock.complete(
                request.content, api_key=replacement, headers=headers, deadline=deadline
            )
        except RefusedKeyError as refused:
            raise _credentials_error(refused) from None


def _credentials_error(refused: RefusedKeyError) -> UpstreamCredentialsError:
    return UpstreamCredentialsError(
        f"Bedrock refused the key: {refused.detail}", bedrock_request_id=refused.bedrock_request_id
    )
