"""DynamoDB as the functions call it, on moto."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore import xform_name
from botocore.exceptions import ClientError

from chat_gateway.aws.json_client import AwsCallError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True)
class MotoCalls:
    """Replaces AwsJsonPool, whose connections moto does not intercept: the same calls through boto3."""

    dynamodb: DynamoDBClient
    # Two threads' updates of one item would lose one of them on moto, which DynamoDB does not.
    _lock: threading.Lock = field(default_factory=threading.Lock, compare=False)

    def call(
        self,
        operation: str,
        parameters: Mapping[str, Any],
        *,
        ends_at: float = math.inf,
        is_repeatable: bool = True,
    ) -> dict[str, Any]:
        try:
            with self._lock:
                answer: dict[str, Any] = getattr(self.dynamodb, xform_name(operation))(**parameters)
        except ClientError as error:
            raise AwsCallError(operation, error.response["Error"]["Code"], dict(error.response)) from None
        return answer
