"""The name of an AWS region in a settings file."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from chat_gateway.model_names.settings import REGION
from infra.settings.table import matching

RegionName = Annotated[
    str, AfterValidator(matching(REGION.pattern, "must be one of AWS's, such as eu-central-1"))
]
