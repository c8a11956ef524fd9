"""The environment's own model names on the deployed stack. Each test takes a name whose targets no other test uses.

The functions leave a target out that has just failed, so that tests which share a target would change each other.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from chat_gateway.model_names import settings as texts
from chat_gateway.model_names.settings import Region, Target
from local.stack.local_stack import LocalStack
from tests.e2e.deployed_functions import variables_changed
from tests.e2e.other_region import NAME as OTHER_REGION
from tests.e2e.other_region import OtherRegion, refusing
from tests.e2e.standin import StandinControl

NATIVE_FIRST, CONVERSE_FIRST = "native-first", "converse-first"
ELSEWHERE_FIRST, ELSEWHERE_LAST = "elsewhere-first", "elsewhere-last"
UNREACHABLE_FIRST, FOREIGN_GUARDRAIL, WEIGHTED = "unreachable-first", "foreign-guardrail", "weighted"
NOWHERE = "eu-north-1"  # a region whose endpoint refuses connections
UNGUARDED = "eu-west-3"  # a region that is given the home region's guardrail
FIRST_BYTE_S = 0.5
_KINDS = (
    NATIVE_FIRST,
    CONVERSE_FIRST,
    ELSEWHERE_FIRST,
    ELSEWHERE_LAST,
    UNREACHABLE_FIRST,
    FOREIGN_GUARDRAIL,
    WEIGHTED,
)
_NAMES_OF_A_KIND = 64
_APPLY_PATH = re.compile(r"/guardrail/([^/]+)/version/[^/]+/apply")
_CONVERSE_PATH = re.compile(r"/model/([^/]+)/converse(?:-stream)?")


@dataclass(frozen=True)
class Name:
    """A model name and its targets, in the listed order: two, of which the first is asked first, if none has a weight."""

    name: str
    targets: tuple[Target, ...]

    @property
    def first(self) -> str:
        """The model that is asked first."""
        return self.targets[0].model

    @property
    def second(self) -> str:
        """The model that follows."""
        return self.targets[1].model


# Takes a kind, and gives a name of that kind that nobody has used.
Fresh = Callable[[str], Name]


@contextmanager
def deployed(stack: LocalStack, region: OtherRegion) -> Iterator[Fresh]:
    """While the block runs, the functions have names of each kind."""
    made = {kind: [_name(kind, number) for number in range(_NAMES_OF_A_KIND)] for kind in _KINDS}
    names = {name.name: name.targets for of_kind in made.values() for name in of_kind}
    home = (stack.guardrail_identifier, stack.guardrail_version)
    guardrail = (region.guardrail.identifier, region.guardrail.version)
    with refusing() as unreachable_url:
        regions = {
            OTHER_REGION: Region(guardrail, region.base_url),
            NOWHERE: Region(guardrail, unreachable_url),
            UNGUARDED: Region(home, region.base_url),
        }
        variables = {
            "MODEL_NAMES": texts.names_to_text(names),
            "BEDROCK_REGIONS": texts.regions_to_text(regions),
        }
        with variables_changed(stack, variables):
            yield lambda kind: made[kind].pop()


_number = itertools.count()


def native_model() -> str:
    """The id of a model of chat completions, of which only the prefix counts for the stand-in; a new one each time."""
    return f"qwen.qwen3-test-{next(_number)}-v1:0"


def converse_model() -> str:
    """The same for a model of Converse."""
    return f"us.anthropic.claude-sonnet-4-5-test-{next(_number)}-v1:0"


def _name(kind: str, number: int) -> Name:
    native, converse = native_model(), converse_model()
    targets = {
        NATIVE_FIRST: (Target(native, first_byte_s=FIRST_BYTE_S), Target(converse)),
        CONVERSE_FIRST: (Target(converse, first_byte_s=FIRST_BYTE_S), Target(native)),
        ELSEWHERE_FIRST: (Target(native, OTHER_REGION, first_byte_s=FIRST_BYTE_S), Target(converse)),
        ELSEWHERE_LAST: (Target(native, first_byte_s=FIRST_BYTE_S), Target(converse, OTHER_REGION)),
        FOREIGN_GUARDRAIL: (Target(native, UNGUARDED), Target(converse)),
        WEIGHTED: (Target(native_model()), Target(native, weight=5), Target(converse, weight=5)),
        UNREACHABLE_FIRST: (Target(native, NOWHERE, first_byte_s=FIRST_BYTE_S), Target(converse)),
    }
    return Name(f"{kind}-{number}", targets[kind])


def asked_models(standin: StandinControl) -> list[str]:
    """The models that the stand-in was asked for, in the order of the requests. ApplyGuardrail has none."""
    return [model for request in standin.requests() if (model := model_of(request)) is not None]


def guardrails_of(standin: StandinControl) -> set[str | None]:
    """The guardrails that the stand-in's requests named; None for a request without one."""
    return {guardrail_of(request) for request in standin.requests()}


def model_of(request: dict[str, Any]) -> str | None:
    """The model of a recorded request; None for ApplyGuardrail."""
    if found := _CONVERSE_PATH.fullmatch(request["path"]):
        return unquote(found[1])
    return str(json.loads(request["body_text"])["model"]) if "chat/completions" in request["path"] else None


def guardrail_of(request: dict[str, Any]) -> str | None:
    """The guardrail that a recorded request names, in a header, in the body or in the path."""
    if found := _APPLY_PATH.fullmatch(request["path"]):
        return unquote(found[1])
    if _CONVERSE_PATH.fullmatch(request["path"]):
        settings: dict[str, str] = json.loads(request["body_text"]).get("guardrailConfig", {})
        return settings.get("guardrailIdentifier")
    headers: dict[str, str] = request["headers"]
    return headers.get("x-amzn-bedrock-guardrailidentifier")
