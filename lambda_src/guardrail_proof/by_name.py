"""Asks the gateway by each of the environment's model names."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

from guardrail_proof import over_http, probes
from guardrail_proof.over_http import Endpoint
from guardrail_proof.plan import Plan
from guardrail_proof.probes import Probe

# A probe has one attempt: the gateway has answered other requests by then.
_TIMEOUT_S = 20
# More at once might be throttled.
_AT_ONCE = 8
_START_WITHIN_S = 80
# The longest time for all probes.
WITHIN_S = _START_WITHIN_S + _TIMEOUT_S


def by_name(plan: Plan, endpoint: Endpoint) -> Iterator[Probe]:
    """The probes of both prompts for each name of the plan, and a line about the names that are not tried."""
    if plan.names:
        asking = replace(endpoint, attempts=1, timeout_s=_TIMEOUT_S)
        asked = [(replace(asking, model=name), f", by the name {name}") for name in plan.names]
        start_by = time.monotonic() + _START_WITHIN_S
        prompts = probes.prompts(endpoint.canary)
        yield from over_http.ask_at_once(asked, prompts, most=_AT_ONCE, start_by=start_by)
    if plan.untried:
        reason = "other names lead to the same regions and routes"
        yield Probe(f"the names {', '.join(plan.untried)}", None, not_shown=reason)
