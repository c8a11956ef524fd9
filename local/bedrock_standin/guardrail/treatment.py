"""How the stand-in treats the guardrail of a request: it applies, ignores or refuses it."""

from __future__ import annotations

from local.bedrock_standin.refusals import FrontDoorRefusalError


class GuardrailTreatment:
    """`ignored`: requests are answered as if they had no guardrail. `denied`: the caller may not apply a guardrail."""

    def __init__(self) -> None:
        self.ignored = False
        self.denied = False

    def check_permission(self) -> None:
        """Raises FrontDoorRefusalError (403) if the caller may not apply a guardrail."""
        if self.denied:
            raise may_not_apply()


def may_not_apply() -> FrontDoorRefusalError:
    """A 403 in the wording of IAM's refusals. [?] The wording of bedrock-runtime is not recorded."""
    user = "arn:aws:iam::000000000000:user/bedrock-api-key"
    return FrontDoorRefusalError(
        403, f"User: {user} is not authorized to perform: bedrock:ApplyGuardrail on the guardrail"
    )
