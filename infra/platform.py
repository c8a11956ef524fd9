"""Where an environment runs, as far as it makes a difference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from aws_cdk import aws_apigateway as apigateway

BASE_PATH = "/openai/v1"


def _base_url(api: apigateway.RestApi) -> str:
    return api.url_for_path(BASE_PATH)


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """What AWS can do; `infra.emulator` says what its emulator does otherwise."""

    streams: bool = True  # answers reach the caller as they are made
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode.html
    max_answer_s: int = 900
    # An answer in one piece is parsed, and a JSON document takes many times its size in memory.
    max_response_bytes: int = 8 * 1024 * 1024
    builds_for_this_machine: bool = False  # functions run where they are built
    allows_plain_http: bool = False  # to the upstream, which is sent the Bedrock API key
    request_id: str = "context.extendedRequestId"  # API Gateway's variable; callers cannot set this one
    base_url: Callable[[apigateway.RestApi], str] = _base_url  # what callers put before /chat/completions

    @property
    def transfer_mode(self) -> apigateway.ResponseTransferMode:
        """How API Gateway passes answers on."""
        modes = apigateway.ResponseTransferMode
        return modes.STREAM if self.streams else modes.BUFFERED
