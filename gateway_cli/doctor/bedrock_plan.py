"""Which models of the environment to ask at Bedrock, from the stack's outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from guardrail_proof.plan import CONVERSE, NATIVE, Plan
from guardrail_proof.settings import MODEL

if TYPE_CHECKING:
    from gateway_cli.stack_outputs import StackOutputs


def plan(outputs: StackOutputs) -> Plan | None:
    """The environment's plan; None if it has no model names, or a version wrote it that this one cannot read."""
    try:
        return None if outputs.proof_plan is None else Plan.from_text(outputs.proof_plan)
    except ValueError:
        return None


def own_model(outputs: StackOutputs) -> tuple[str, str]:
    """The route and the id of a model in the gateway's own region."""
    model, found = outputs.proof_model or MODEL, plan(outputs)
    if found is None or not found.has_name(model):
        return NATIVE, model
    route = NATIVE if NATIVE in found.models else CONVERSE
    return route, found.models.get(route, MODEL)
