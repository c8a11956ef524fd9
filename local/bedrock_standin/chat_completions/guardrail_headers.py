"""What becomes of a request's guardrail headers: heeded, ignored as bedrock-mantle does, or not permitted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.bedrock_standin.chat_completions.request import GUARDRAIL_CONFIG_KEY
from local.bedrock_standin.refusals import FrontDoorRefusalError

if TYPE_CHECKING:
    from collections.abc import Mapping

JsonObject = dict[str, Any]

_FAMILY = "x-amzn-bedrock-"


class GuardrailHeaders:
    """`ignored`: answered as if they were not there. `denied`: the caller may not apply a guardrail."""

    def __init__(self) -> None:
        self.ignored = False
        self.denied = False

    def heeded(self, headers: Mapping[str, str], body: JsonObject) -> tuple[Mapping[str, str], JsonObject]:
        """What counts of the headers (lowercase names) and of the body. Raises FrontDoorRefusalError (403).

        Whether bedrock-mantle ignores the body's guardrail settings, too, is [?].
        """
        named = [name for name in headers if name.startswith(_FAMILY)]
        if named and self.denied:
            raise _may_not_apply()
        if not self.ignored:
            return headers, body
        kept = {key: value for key, value in body.items() if key != GUARDRAIL_CONFIG_KEY}
        return {name: headers[name] for name in headers if name not in named}, kept


def _may_not_apply() -> FrontDoorRefusalError:
    # The wording of IAM's refusals; that of this one on chat completions is [?].
    user = "arn:aws:iam::000000000000:user/bedrock-api-key"
    return FrontDoorRefusalError(
        403, f"User: {user} is not authorized to perform: bedrock:ApplyGuardrail on the guardrail"
    )
