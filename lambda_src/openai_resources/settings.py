"""Which models the gateway lists, and where files are stored, read from environment variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

from chat_gateway.core import variables
from chat_gateway.model_names.settings import REGION, names_from_text
from chat_gateway.service.settings import MODEL_VARIABLES
from resource_items import batch_lines, table

# Lambda takes 6 MB, which is 4.7 MB as base64 with the rest of the event:
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_BODY_BYTES = 4_500_000
_MODEL_NAMES, _ = MODEL_VARIABLES["model_names"]


def _names(text: str) -> str:
    """`text` if it has names with their targets. Raises ValueError."""
    names_from_text(text)
    return text


_OPTIONAL: variables.Variables = {
    **MODEL_VARIABLES,
    "model_names": (_MODEL_NAMES, _names),
    "account_region": ("ACCOUNT_MODELS_REGION", variables.matching(REGION)),
}


_STORAGE: variables.Variables = {
    "resources_table": (table.TABLE_VARIABLE, str),
    "files_bucket": (table.BUCKET_VARIABLE, str),
    "steps_queue_url": (batch_lines.STEPS_QUEUE_VARIABLE, str),
}


class StorageSettings(NamedTuple):
    """The table and the bucket of files, uploads and batches, and the queue of the steps of batches."""

    resources_table: str
    files_bucket: str
    steps_queue_url: str

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> StorageSettings:
        """Reads the settings. Raises ConfigurationError that names the missing variable."""
        return cls(**variables.read_all(env, _STORAGE))

    def to_env(self) -> dict[str, str]:
        """The environment variables that the stack sets."""
        return variables.written(self, _STORAGE)


class ModelsSettings(NamedTuple):
    """The models that the environment offers. The first four are as in `UpstreamSettings`."""

    models: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    model_names: str | None = None
    names_only: bool = False
    account_region: str | None = None  # where the account's models are listed; None: they are not

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> ModelsSettings:
        """Reads the settings. Raises ConfigurationError that names the wrong variable."""
        return cls(**variables.read_set(env, _OPTIONAL))

    def to_env(self) -> dict[str, str]:
        """The environment variables that the stack sets."""
        return variables.written_set(self, _OPTIONAL)
