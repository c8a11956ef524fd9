"""A request's guardrail headers. They are used, ignored (as bedrock-mantle does) or refused."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from local.bedrock_standin.guardrail.evaluation import GuardrailRef
from local.bedrock_standin.refusals import validation_error

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.bedrock_standin.guardrail.treatment import GuardrailTreatment

JsonObject = dict[str, Any]

GUARDRAIL_CONFIG_KEY = "amazon-bedrock-guardrailConfig"

_HEADER_PREFIX = "x-amzn-bedrock-"
_TAG_SUFFIX = re.compile(r"[A-Za-z0-9]{1,20}")
_GUARDRAIL_ID = re.compile(r"[\x21-\x7e]{1,2048}")
_GUARDRAIL_VERSION = re.compile(r"[1-9][0-9]{0,7}|DRAFT")
_TRACE_VALUES = frozenset({"ENABLED", "DISABLED", "ENABLED_FULL"})


class GuardrailHeaders:
    """The headers of requests, used as `treatment` says."""

    def __init__(self, treatment: GuardrailTreatment) -> None:
        self._treatment = treatment

    def heeded(self, headers: Mapping[str, str], body: JsonObject) -> tuple[Mapping[str, str], JsonObject]:
        """The headers (lowercase names) and the body, without the ignored parts. Raises FrontDoorRefusalError (403).

        [?] bedrock-mantle may or may not ignore the body's guardrail settings too.
        """
        named = [name for name in headers if name.startswith(_HEADER_PREFIX)]
        if named:
            self._treatment.check_permission()
        if not self._treatment.ignored:
            return headers, body
        kept = {key: value for key, value in body.items() if key != GUARDRAIL_CONFIG_KEY}
        return {name: headers[name] for name in headers if name not in named}, kept


def read_guardrail(headers: Mapping[str, str]) -> GuardrailRef | None:
    """The guardrail in the headers (lowercase names); None if there is none. Raises RefusalError (400)."""
    identifier = headers.get("x-amzn-bedrock-guardrailidentifier")
    version = headers.get("x-amzn-bedrock-guardrailversion")
    trace = headers.get("x-amzn-bedrock-trace", "DISABLED")
    if trace not in _TRACE_VALUES:
        raise validation_error("X-Amzn-Bedrock-Trace must be ENABLED, DISABLED or ENABLED_FULL.")
    if identifier is None and version is None:
        return None
    if identifier is None or version is None:
        raise validation_error("A guardrail identifier and a guardrail version must be given together.")
    if not _GUARDRAIL_ID.fullmatch(identifier) or not _GUARDRAIL_VERSION.fullmatch(version):
        raise validation_error("The guardrail identifier or version is ill-formed.")
    return GuardrailRef(identifier, version, traced=trace != "DISABLED")


def read_tag_suffix(body: JsonObject, guardrail: GuardrailRef | None) -> str | None:
    """The suffix of the body's input tags; None if the body has none. Raises RefusalError (400)."""
    config = body.get(GUARDRAIL_CONFIG_KEY)
    if config is None:
        return None
    if not isinstance(config, dict):
        raise validation_error(f"'{GUARDRAIL_CONFIG_KEY}' must be an object.", GUARDRAIL_CONFIG_KEY)
    if guardrail is None:
        # Documented for InvokeModel; [?] for chat completions: .../APIReference/API_runtime_InvokeModel.html
        raise validation_error(
            f"'{GUARDRAIL_CONFIG_KEY}' needs a guardrail identifier.", GUARDRAIL_CONFIG_KEY
        )
    suffix = config.get("tagSuffix")
    if suffix is not None and not (isinstance(suffix, str) and _TAG_SUFFIX.fullmatch(suffix)):
        raise validation_error("'tagSuffix' must be alphanumeric, 1 to 20 characters.", "tagSuffix")
    return suffix
