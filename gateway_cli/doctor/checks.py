"""All checks of an environment, causes before effects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from gateway_cli import stack_outputs
from gateway_cli.doctor import (
    alarm_check,
    api_check,
    aws_failures,
    examination,
    guardrail_checks,
    key_check,
    log_role_check,
    model_checks,
    queue_checks,
    quota_checks,
    secret_check,
    stack_check,
    table_checks,
)
from gateway_cli.doctor.deployment import Deployment
from gateway_cli.doctor.examination import Chain, Check
from gateway_cli.doctor.findings import Finding
from gateway_cli.stack_outputs import NotDeployedError

if TYPE_CHECKING:
    import boto3

    from gateway_cli.stack_outputs import StackOutputs


def examined(
    session: boto3.Session, env: str, stack: str | None = None, *, is_paid: bool = False
) -> Iterator[Finding]:
    """The findings, in the order of the checks. Without a usable stack, there is one finding. Raises UnreadableSettingsError.

    `is_paid`: also asks each allowed model for a token.
    """
    try:
        description = stack_outputs.describe(session, env, stack)
    except NotDeployedError as error:
        yield Finding(stack_check.NAME, *stack_check.unusable(error))
        return
    except (BotoCoreError, ClientError) as error:
        yield Finding(stack_check.NAME, *aws_failures.unchecked(error, env))
        return
    result, outputs = stack_check.checked(description, env)
    yield Finding(stack_check.NAME, *result)
    if outputs is not None:
        deployment = Deployment(env, description["StackName"], session, outputs)
        yield from examination.findings_of(list(_chains(outputs, is_paid=is_paid)), deployment)


def _chains(outputs: StackOutputs, *, is_paid: bool) -> Iterator[Chain]:
    models = (Check(model_checks.NAME, model_checks.check),) if is_paid else ()
    yield (
        Check(secret_check.NAME, secret_check.check),
        Check(key_check.NAME, key_check.check),
        *models,
    )
    yield from guardrail_checks.chains(outputs)
    yield from table_checks.chains(outputs)
    yield (Check(api_check.NAME, api_check.check),)
    yield from queue_checks.chains(outputs)
    yield (Check(quota_checks.CONCURRENCY, quota_checks.concurrency),)
    yield (Check(quota_checks.RATE, quota_checks.rate),)
    yield (Check(log_role_check.NAME, log_role_check.check),)
    yield (Check(alarm_check.NAME, alarm_check.check),)
