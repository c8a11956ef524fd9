"""The models that AWS lists for the account, kept for five minutes."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from chat_gateway.core import foreign_text
from openai_resources.models import listing

if TYPE_CHECKING:
    from mypy_boto3_bedrock import BedrockClient

    from openai_resources.models.listing import Model

_KEPT_S = 300.0
# After a failure the kept list is used for so long, before AWS is asked again.
_PAUSE_S = 30.0
# Some clients wait 5 s for a list of models, and AWS is called at least twice for it.
_CONFIG = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 2})
# The last two: AWS's answer is no JSON, or lacks what it must have.
_FAILURES = (BotoCoreError, ClientError, ResponseParserError, KeyError)


class AccountList(NamedTuple):
    """`models` is None if AWS has not given any list yet. `failure`, for the log, says why AWS gave none now."""

    models: list[Model] | None
    failure: str | None = None


class AccountModels:
    """Lists the models that a route serves. `routes` are the environment's own. `clock` is in epoch seconds."""

    def __init__(
        self,
        client: BedrockClient,
        routes: Mapping[str, str],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client, self._routes, self._clock = client, routes, clock
        self._kept: list[Model] | None = None
        self._good_until_s = 0.0

    @classmethod
    def in_region(cls, region: str, routes: Mapping[str, str]) -> AccountModels:
        """The models of an AWS region. AWS is not called yet."""
        return cls(boto3.client("bedrock", region_name=region, config=_CONFIG), routes)

    def listed(self) -> AccountList:
        """The kept list, or a new one. If AWS fails, the old one."""
        now_s = self._clock()
        if self._kept is not None and now_s < self._good_until_s:
            return AccountList(self._kept)
        try:
            self._kept = self._fetched()
        except _FAILURES as error:
            self._good_until_s = now_s + _PAUSE_S
            return AccountList(self._kept, _code(error))
        self._good_until_s = now_s + _KEPT_S
        return AccountList(self._kept)

    def _fetched(self) -> list[Model]:
        models = self._client.list_foundation_models()["modelSummaries"]
        pages = self._client.get_paginator("list_inference_profiles").paginate(typeEquals="SYSTEM_DEFINED")
        profiles = [profile for page in pages for profile in page["inferenceProfileSummaries"]]
        return listing.of_account(models, profiles, self._routes)


def _code(error: Exception) -> str:
    """AWS's error code, or the class of an error that is not AWS's. Messages may hold anything."""
    code = error.response["Error"].get("Code") if isinstance(error, ClientError) else None
    return foreign_text.name(code) or type(error).__name__
