"""Asks Bedrock directly, in the gateway's own region and in each other region of the environment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from guardrail_proof import at_bedrock, bedrock_call, probes
from guardrail_proof.bedrock_call import Access, Bedrock
from guardrail_proof.plan import CONVERSE, NATIVE
from guardrail_proof.probes import Probe

if TYPE_CHECKING:
    import boto3

    from guardrail_proof.settings import Gateway

# All probes run at once.
WITHIN_S = at_bedrock.WITHIN_S


def in_each_region(gateway: Gateway, session: boto3.Session, *, signs_as_function: bool) -> Iterator[Probe]:
    """Tries a guardrail that does not exist in each region, and the canary in each other one, on each route there.

    The API key is read for these probes and not stored. Nothing is tried if the gateway's endpoint is unknown.
    """
    if gateway.bedrock_base_url is None:
        return
    try:
        access = bedrock_call.access(session, gateway, signs_as_function=signs_as_function)
    except (BotoCoreError, ClientError, ValueError) as error:
        yield Probe(at_bedrock.NAME, None, not_shown=type(error).__name__)
        return
    asked = [_in_own(gateway, gateway.bedrock_base_url, access), *_elsewhere(gateway, access)]
    with ThreadPoolExecutor(len(asked)) as threads:
        yield from threads.map(lambda ask: ask(), asked)


def _in_own(gateway: Gateway, base_url: str, access: Access) -> Callable[[], Probe]:
    model, route, plan = gateway.model, NATIVE, gateway.plan
    if plan is not None and plan.has_name(model):
        route = NATIVE if NATIVE in plan.models else CONVERSE
        if route not in plan.models:
            reason = "no name has a model in the gateway's own region"
            return lambda: Probe(at_bedrock.NAME, None, not_shown=reason)
        model = plan.models[route]
    own = Bedrock(base_url=base_url, model=model, route=route, access=access)
    return partial(at_bedrock.unknown_guardrail, own)


def _elsewhere(gateway: Gateway, access: Access) -> Iterator[Callable[[], Probe]]:
    (canary, _) = probes.prompts(gateway.canary)
    for region in () if gateway.plan is None else gateway.plan.regions:
        for route, model in region.models.items():
            there = Bedrock(
                base_url=region.base_url,
                model=model,
                route=route,
                access=access,
                region=region.name,
                guardrail=region.guardrail,
            )
            yield partial(at_bedrock.unknown_guardrail, there)
            yield partial(at_bedrock.canary_blocked, there, canary.text)
