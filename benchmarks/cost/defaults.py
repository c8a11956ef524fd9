"""The stack's default settings that decide about costs. They follow infra/settings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.cost.shapes import JOB
from infra.settings import memory_sizes
from infra.settings.chat_function import ChatFunctionSettings
from infra.settings.jobs import JobsSettings
from infra.settings.upstream import Upstream

# The module that reads this file also imports the CDK, which takes seconds.
_POLICY = Path(__file__).parents[2] / "infra" / "settings" / "default_guardrail_policy.json"


class Defaults(NamedTuple):
    """Memory in MiB; `width` is how many jobs one worker has in progress, for jobs of the shape JOB."""

    chat_mib: int
    worker_mib: int
    authorizer_mib: int
    width: int
    key_max_age_s: int
    policy: dict[str, Any]


def current() -> Defaults:
    """The defaults of a stack without settings."""
    jobs = JobsSettings(expected_answer_s=JOB.seconds)
    return Defaults(
        chat_mib=ChatFunctionSettings().memory_size_mib,
        worker_mib=jobs.memory_size_mib,
        authorizer_mib=memory_sizes.AUTHORIZER_MIB,
        width=jobs.width,
        key_max_age_s=Upstream().api_key_max_age_s,
        policy=json.loads(_POLICY.read_text()),
    )
