"""Which models the gateway lists, read from environment variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple

from chat_gateway.core import variables
from chat_gateway.model_names.settings import REGION, names_from_text
from chat_gateway.service.settings import MODEL_VARIABLES

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
