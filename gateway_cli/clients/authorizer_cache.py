"""API Gateway's cache of the authorizer's answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from gateway_cli.clients.errors import NotFlushedError

if TYPE_CHECKING:
    import boto3

    from gateway_cli.stack_outputs import StackOutputs

LASTS = "up to authorizer_result_ttl_s (60 s by default)"


def flush(session: boto3.Session, outputs: StackOutputs) -> None:
    """Has API Gateway ask the authorizer about every key again. Raises NotFlushedError.

    https://docs.aws.amazon.com/apigateway/latest/api/API_FlushStageAuthorizersCache.html
    """
    try:
        session.client("apigateway").flush_stage_authorizers_cache(
            restApiId=outputs.rest_api_id, stageName=outputs.stage_name
        )
    except (BotoCoreError, ClientError) as error:
        raise NotFlushedError(
            f"The change is made, but API Gateway's cache was not flushed: {error}. "
            f"API Gateway may use its earlier answers for {LASTS}."
        ) from None
