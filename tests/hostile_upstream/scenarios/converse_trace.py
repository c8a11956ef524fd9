"""A guardrail's record in Converse's answer, with any content: nobody may see the text that it matched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks import aws_answers
from tests.hostile_upstream.markers import MATCHED, WORDS

_ENTRY: Mapping[str, Any] = {"type": "NAME", "action": "ANONYMIZED", "match": MATCHED}


def _found(*entries: Any, policy: str = "sensitiveInformationPolicy") -> dict[str, Any]:
    return {"guardrail": {"outputAssessments": {"gr12345": [{policy: {"piiEntities": list(entries)}}]}}}


_INPUT = {"gr12345": {"wordPolicy": {"customWords": [{"match": MATCHED, "action": "BLOCKED"}]}}}
TRACES: Mapping[str, Any] = {
    "masked": _found(_ENTRY),
    "input": {"guardrail": {"inputAssessment": _INPUT}},
    "model-output": {"guardrail": {"modelOutput": [MATCHED], "actionReason": f"{MATCHED}: a & b"}},
    "3000-findings": _found(*[_ENTRY] * 3_000),
    "foreign-policy": _found(_ENTRY, policy=f"{WORDS} Policy"),
    "key-policy": _found(_ENTRY, policy=f"{aws_answers.KEY}Policy"),
    "type-matched": _found({**_ENTRY, "type": f"{MATCHED} & more"}),
    "type-list": _found({**_ENTRY, "type": [MATCHED]}),
    "type-key": _found({**_ENTRY, "type": aws_answers.KEY}),
    "action-object": _found({**_ENTRY, "action": {"match": MATCHED}}),
    "regex": _found({**_ENTRY, "name": "a name", "regex": MATCHED}),
    "null": None,
    "string": MATCHED,
    "list": [MATCHED],
    "guardrail-string": {"guardrail": MATCHED},
    "output-string": {"guardrail": {"outputAssessments": MATCHED}},
    "output-list": {"guardrail": {"outputAssessments": [MATCHED, _INPUT]}},
    "assessment-string": {"guardrail": {"outputAssessments": {"gr12345": MATCHED}}},
    "assessment-lists": {"guardrail": {"outputAssessments": {"gr12345": [[MATCHED], [[]]]}}},
    "policy-string": {"guardrail": {"inputAssessment": {"gr12345": {"wordPolicy": MATCHED}}}},
    "entries-strings": _found(MATCHED, 1, None),
    "guardrail-name": {"guardrail": {"inputAssessment": {MATCHED: {"wordPolicy": {"a": [_ENTRY]}}}}},
    "router": {
        "promptRouter": {"invokedModelId": MATCHED},
        "guardrail": {"appliedGuardrailDetails": [MATCHED]},
    },
}
