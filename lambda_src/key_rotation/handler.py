"""The entry point: Secrets Manager calls it for each step of a rotation."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Logger
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from chat_gateway.core.errors import ConfigurationError
from chat_gateway.core.startup import Startup
from key_rotation.errors import RotationError
from key_rotation.key_test import KeyTest
from key_rotation.secret_versions import SecretVersions
from key_rotation.settings import RotationSettings
from key_rotation.steps import RotationSteps
from key_rotation.user_credentials import UserCredentials
from watchdog_timer import watched

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

# They log at INFO, which Lambda's JSON logging does not filter. We want one line for each step.
for _name in ("boto3", "botocore"):
    logging.getLogger(_name).setLevel(logging.WARNING)

_STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
# For the line that says how the step ended.
_ENDING_S = 5.0
# IAM has no idempotency token: a repeated CreateServiceSpecificCredential would make a second key. So nothing is repeated
# here, and Secrets Manager repeats the step.
_IAM_CONFIG = Config(
    connect_timeout=5, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 1}
)
_CONFIG = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3})


class StepFailedError(Exception):
    """The step failed. The message says why, without a key, and Lambda logs it."""


def _steps() -> RotationSteps:
    """Builds the steps. Raises ConfigurationError that names the missing or wrong variable."""
    settings = RotationSettings.from_env()
    return RotationSteps(
        SecretVersions(boto3.client("secretsmanager", config=_CONFIG), settings.secret_arn),
        UserCredentials(boto3.client("iam", config=_IAM_CONFIG), settings.user),
        KeyTest(settings),
        key_age_days=settings.key_age_days,
    )


class RotationFunction:
    """Runs one step for each event, and writes one log line for it."""

    def __init__(
        self,
        startup: Startup[RotationSteps],
        logger: Logger,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._startup, self._logger, self._clock = startup, logger, clock

    def handle(self, event: dict[str, Any], context: LambdaContext) -> None:
        """Returns if the step is done. Raises StepFailedError if not, and then Secrets Manager repeats it later."""
        started, step = self._clock(), event["Step"]
        fields: dict[str, Any] = {
            "step": step if step in _STEPS else "(unknown)",
            "lambda_request_id": context.aws_request_id,
        }
        failure = None
        try:
            ends_at = started + context.get_remaining_time_in_millis() / 1000 - _ENDING_S
            steps = self._startup.state
            fields["outcome"] = steps.run(step, event["ClientRequestToken"], fields, ends_at=ends_at)
        except Exception as fault:  # noqa: BLE001 - its message may repeat a key
            failure = _reason(fault)
            fields |= {"outcome": "failed", "reason": failure, "fault_class": type(fault).__name__}
        fields["latency_ms"] = round((self._clock() - started) * 1000)
        (self._logger.info if failure is None else self._logger.error)("key rotation", extra=fields)
        if failure is not None:
            raise StepFailedError(f"{fields['step']} failed: {failure}")


def _reason(fault: Exception) -> str:
    """What went wrong, in our own words, or as the names of AWS's operation and error."""
    match fault:
        case RotationError() | ConfigurationError():
            return str(fault)
        case ClientError():
            return f"{fault.operation_name}: {fault.response['Error']['Code']}"
        case BotoCoreError():
            return f"AWS could not be called: {type(fault).__name__}"
        case _:
            return "an unexpected error"


startup = Startup(_steps)
handle = watched(RotationFunction(startup, Logger()).handle)
