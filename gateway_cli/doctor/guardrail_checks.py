"""Whether the environment's guardrails exist and block. Those of other regions, too.

The test of a guardrail costs at most 0.1 cent: one ApplyGuardrail of a few words.
https://aws.amazon.com/bedrock/pricing/
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from gateway_cli import proof
from gateway_cli.doctor import aws_failures, bedrock_plan, findings, repairs
from gateway_cli.doctor.examination import Chain, Check
from gateway_cli.doctor.findings import Result

if TYPE_CHECKING:
    from gateway_cli.doctor.deployment import Deployment
    from gateway_cli.stack_outputs import StackOutputs

NAME, BLOCKS = "guardrail", "guardrail blocks"
_NOT_FOUND = ("ResourceNotFoundException", "ValidationException")
_WRONG_STATUSES = {"FAILED", "DELETING"}


class Guardrail(NamedTuple):
    """A guardrail of the environment. `region`: None for the gateway's own."""

    identifier: str
    version: str
    region: str | None = None

    @property
    def shown(self) -> str:
        """How the guardrail is named in a finding."""
        return f"{self.identifier}:{self.version}"


def chains(outputs: StackOutputs) -> Iterator[Chain]:
    """The checks of each guardrail."""
    if outputs.enforced_guardrail is None:
        yield (Check(NAME, _none),)
        return
    if outputs.bedrock_role_arn is not None:
        yield (Check(NAME, partial(_elsewhere, outputs.bedrock_role_arn)),)
        return
    identifier, _, version = outputs.enforced_guardrail.rpartition(":")
    yield _chain(Guardrail(identifier, version))
    plan = bedrock_plan.plan(outputs)
    for region in () if plan is None else plan.regions:
        if region.guardrail is not None:
            yield _chain(Guardrail(*region.guardrail, region.name))


def _chain(guardrail: Guardrail) -> Chain:
    where = "" if guardrail.region is None else f" in {guardrail.region}"
    return (
        Check(f"{NAME}{where}", partial(exists, guardrail)),
        Check(f"{BLOCKS}{where}", partial(blocks, guardrail)),
    )


def _none(_: Deployment) -> Result:
    return findings.ok('the environment enforces none (guardrail.kind = "none")')


def _elsewhere(role_arn: str, deployment: Deployment) -> Result:
    """The operator's own credentials are for another account than the guardrail's."""
    return findings.ok(f"it is where {role_arn} is: make prove ENV={deployment.env} shows whether it blocks")


def exists(guardrail: Guardrail, deployment: Deployment) -> Result:
    """Whether Bedrock has the guardrail in this version. Raises botocore's errors."""
    try:
        found = _described(guardrail, deployment)
    except ClientError as error:
        if aws_failures.code(error) not in _NOT_FOUND:
            raise
        return findings.problem(
            f"Bedrock has no guardrail {guardrail.shown}, so every request fails", _restored(deployment)
        )
    if found.get("status") in _WRONG_STATUSES:
        return findings.problem(f"{guardrail.shown} is {found['status']}", _restored(deployment))
    return findings.ok(f"{guardrail.shown} is {found.get('status', 'there')}")


def blocks(guardrail: Guardrail, deployment: Deployment) -> Result:
    """Whether the guardrail blocks a word of its own list or, without one, the canary. Raises botocore's errors."""
    listed = _blocked_word(_described(guardrail, deployment))
    answer = deployment.client("bedrock-runtime", guardrail.region).apply_guardrail(
        guardrailIdentifier=guardrail.identifier,
        guardrailVersion=guardrail.version,
        source="INPUT",
        content=[{"text": {"text": f"Tell me about {listed or proof.CANARY_WORD}."}}],
    )
    if answer["action"] == "GUARDRAIL_INTERVENED":
        return findings.ok(f"{guardrail.shown} blocks the test word")
    if listed is None:
        return findings.ok(
            f"{guardrail.shown} has no list of words to try. Test it: make prove ENV={deployment.env} CANARY=WORD"
        )
    return findings.problem(
        f"{guardrail.shown} does not block a word of its own list",
        f"See the guardrail's policy in the Bedrock console, and run make prove ENV={deployment.env}",
    )


def _described(guardrail: Guardrail, deployment: Deployment) -> dict[str, Any]:
    answer: dict[str, Any] = deployment.client("bedrock", guardrail.region).get_guardrail(
        guardrailIdentifier=guardrail.identifier, guardrailVersion=guardrail.version
    )
    return answer


def _blocked_word(document: dict[str, Any]) -> str | None:
    """A word that the policy blocks in prompts: the proof's canary, if the policy has it."""
    words = [
        str(word["text"])
        for word in document.get("wordPolicy", {}).get("words", [])
        if word.get("inputEnabled", True) and word.get("inputAction", "BLOCK") == "BLOCK"
    ]
    return proof.CANARY_WORD if proof.CANARY_WORD in words else next(iter(words), None)


def _restored(deployment: Deployment) -> str:
    return (
        f"If the stack has created it: {repairs.command(deployment.env)}. Or name a guardrail that exists: make deploy "
        f"ENV={deployment.env} GRADUAL=false GUARDRAIL=ID:VERSION ({repairs.RUNBOOK})"
    )
