"""Every scenario, by kind."""

from tests.hostile_upstream import random_scenarios
from tests.hostile_upstream.scenario import Scenario
from tests.hostile_upstream.scenarios import (
    aws_records,
    closings,
    converse_answers,
    converse_errors,
    converse_events,
    converse_frames,
    documents,
    encodings,
    foreign_text,
    framing,
    guardrail_checks,
    heads,
    limits,
    model_names,
    sizes,
    slowness,
    statuses,
    stream_events,
    trace,
)

KINDS: dict[str, tuple[Scenario, ...]] = {
    "framing": framing.SCENARIOS,
    "head": heads.SCENARIOS,
    "size": sizes.SCENARIOS,
    "slow": slowness.SCENARIOS,
    "cut": closings.SCENARIOS,
    "status": statuses.SCENARIOS,
    "encoding": encodings.SCENARIOS,
    "text": foreign_text.SCENARIOS,
    "document": documents.SCENARIOS,
    "event": stream_events.SCENARIOS,
    "trace": trace.SCENARIOS,
    "aws": aws_records.SCENARIOS,
    "limits": limits.SCENARIOS,
    "converse-frame": converse_frames.SCENARIOS,
    "converse-event": converse_events.SCENARIOS,
    "converse-answer": converse_answers.SCENARIOS,
    "converse-error": converse_errors.SCENARIOS,
    "check": guardrail_checks.SCENARIOS,
    "name": model_names.SCENARIOS,
    "random": tuple(random_scenarios.scenarios(seed=0, count=40)),
}
