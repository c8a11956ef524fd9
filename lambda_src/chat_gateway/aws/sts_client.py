"""Calls AWS STS, which takes a form and answers XML. Imported only in environments that assume a role.

https://docs.aws.amazon.com/STS/latest/APIReference/CommonParameters.html
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from chat_gateway.aws import sts_answers
from chat_gateway.aws.json_client import AwsClient
from chat_gateway.aws.settings import AwsSettings
from chat_gateway.aws.sts_answers import Session

_VERSION = "2011-06-15"


class StsClient(AwsClient):
    """Calls the endpoint of STS in the function's region, as its role. The global endpoint would be one more dependency."""

    def __init__(self, settings: AwsSettings, *, env: Mapping[str, str] = os.environ) -> None:
        super().__init__(settings, service="sts", env=env)

    def assume_role(
        self, role_arn: str, *, session_name: str, external_id: str | None, ends_at: float
    ) -> Session:
        """Credentials of the role for an hour. The deadline `ends_at` is on time.monotonic(). Raises AwsCallError."""
        parameters = {"RoleArn": role_arn, "RoleSessionName": session_name}
        if external_id is not None:
            parameters["ExternalId"] = external_id
        output = self.call("AssumeRole", parameters, ends_at=ends_at)
        session: Session = output["session"]
        return session

    def _content(self, operation: str, parameters: Mapping[str, Any]) -> bytes:
        return urlencode({"Action": operation, "Version": _VERSION, **parameters}).encode()

    def _protocol_headers(self, operation: str) -> dict[str, str]:  # noqa: ARG002 - the body names it
        return {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}

    def _output(self, body: bytes) -> dict[str, Any]:
        return {"session": sts_answers.session(body)}

    def _error(self, body: bytes) -> dict[str, Any]:
        code = sts_answers.error_code(body)
        return {} if code is None else {"__type": code}
