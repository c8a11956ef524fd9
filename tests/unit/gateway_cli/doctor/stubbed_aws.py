"""A deployment whose AWS clients give prepared answers."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any, cast

import boto3
from botocore.stub import Stubber

from gateway_cli.doctor.deployment import Deployment
from gateway_cli.stack_outputs import StackOutputs
from tests.unit.gateway_cli.outputs import OUTPUTS

NAME = "gw-dev"
# As AWS words it.
NOT_AUTHORIZED = "User: arn:aws:iam::000000000000:user/o is not authorized to perform: {} on resource: x"
WHOLE = replace(
    OUTPUTS,
    bedrock_base_url="https://bedrock.test/openai/v1",
    enforced_guardrail="gr1:2",
    resources_table="resources",
    batch_steps_queue_url="https://sqs.test/0/steps",
    jobs_queue_url="https://sqs.test/0/jobs",
    results_queue_url="https://sqs.test/0/results",
    dead_letter_queue_url="https://sqs.test/0/dead",
)


@cache
def _session() -> boto3.Session:
    """One for all tests, because each session reads the descriptions of AWS's services again."""
    return boto3.Session("x", "x", region_name="us-east-1")


class StubbedAws:
    """Takes the place of a boto3 session. A client without a prepared answer fails the test."""

    region_name = "us-east-1"

    def __init__(self) -> None:
        self._stubs: dict[tuple[str, str], tuple[Any, Stubber]] = {}

    def client(self, service: Any, region_name: str | None = None, config: object = None) -> Any:
        return self._stub(service, region_name)[0]

    def answers(
        self, service: str, operation: str, answer: dict[str, Any], *, region: str | None = None
    ) -> None:
        """The next call of the service is this operation, with this answer."""
        self._stub(service, region)[1].add_response(operation, answer)

    def fails(
        self, service: str, operation: str, code: str, message: str = "", *, region: str | None = None
    ) -> None:
        """The next call of the service is this operation, and fails."""
        self._stub(service, region)[1].add_client_error(operation, code, message)

    def deployment(self, outputs: StackOutputs = WHOLE) -> Deployment:
        """The environment dev."""
        return Deployment("dev", NAME, cast(boto3.Session, self), outputs)

    def _stub(self, service: str, region: str | None) -> tuple[Any, Stubber]:
        key = (service, region or self.region_name)
        if key not in self._stubs:
            client = _session().client(cast(Any, service), region_name=key[1])
            self._stubs[key] = client, Stubber(client)
            self._stubs[key][1].activate()
        return self._stubs[key]
