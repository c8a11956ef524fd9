"""The differences between AWS and its emulator that the stack needs to know.

A construct asks `environment.platform`. For example, it creates a composite alarm only if
`environment.platform.has("AWS::CloudWatch::CompositeAlarm")`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from aws_cdk import aws_apigateway as apigateway

BASE_PATH = "/openai/v1"


def _base_url(api: apigateway.RestApi) -> str:
    return api.url_for_path(BASE_PATH)


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """The platform that the stack runs on. The defaults describe AWS; `infra.emulator` describes the emulator."""

    streams: bool = True  # API Gateway sends an answer to the caller while the function writes it
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode.html
    max_answer_s: int = 900
    # A function parses a buffered answer, and a JSON document needs many times its size in memory. With the worst request and
    # the worst answer, the chat function needs 273 of its 384 MiB: docs/adr/0060-memory-by-measurement.md
    max_response_bytes: int = 4 * 1024 * 1024
    builds_for_this_machine: bool = False  # functions run on the machine that builds them
    allows_plain_http: bool = False  # for `upstream.url`, to which the Bedrock API key is sent
    request_id: str = "context.extendedRequestId"  # API Gateway's variable; callers cannot set it
    base_url: Callable[[apigateway.RestApi], str] = _base_url  # the URL before /chat/completions
    has_domains: bool = True  # the name of a custom domain leads to the API
    # Types of CloudFormation, such as AWS::CodeDeploy::Application, or properties of a type, such as
    # AWS::CloudWatch::Alarm.Metrics. A stack with one of them cannot be deployed here.
    lacks: frozenset[str] = frozenset()

    def has(self, name: str) -> bool:
        """Whether a stack may hold this type of CloudFormation, or this property of a type (`TYPE.PROPERTY`)."""
        return name not in self.lacks

    @property
    def transfer_mode(self) -> apigateway.ResponseTransferMode:
        """How API Gateway sends answers to the caller: streamed or buffered."""
        modes = apigateway.ResponseTransferMode
        return modes.STREAM if self.streams else modes.BUFFERED
