"""Model names of two targets: a hostile one at home, and an honest one in another region, on the other route."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from benchmarks import contenders
from chat_gateway.model_names import settings
from chat_gateway.model_names.settings import Region, Target
from tests.hostile_upstream import converse

NATIVE_MODEL, CONVERSE_MODEL = "openai.gpt-oss-120b-1:0", converse.MODEL
REGION = "us-west-2"
FIRST_BYTE_S = 1.0  # of the hostile target, while the honest one can follow
HOME_GUARDRAIL, REGIONS_GUARDRAIL = contenders.GUARDRAIL, ("grwest2", "2")


class Position(Enum):
    """When the hostile target is asked. ALONE: it is the name's only target."""

    FIRST = "first"
    LAST = "last"
    ALONE = "alone"


class Name(NamedTuple):
    """A model name: whether Converse serves its hostile target, and when that one is asked."""

    on_converse: bool
    position: Position

    @property
    def text(self) -> str:
        return f"{'converse' if self.on_converse else 'native'}-{self.position.value}"

    @property
    def hostile(self) -> Target:
        return Target(_model(on_converse=self.on_converse), first_byte_s=FIRST_BYTE_S)

    @property
    def honest(self) -> Target:
        return Target(_model(on_converse=not self.on_converse), REGION)

    @property
    def targets(self) -> tuple[Target, ...]:
        """In the order in which they are asked."""
        order = {
            Position.FIRST: (self.hostile, self.honest),
            Position.LAST: (self.honest, self.hostile),
            Position.ALONE: (self.hostile,),
        }
        return order[self.position]


def _model(*, on_converse: bool) -> str:
    return CONVERSE_MODEL if on_converse else NATIVE_MODEL


def variables(elsewhere: str) -> dict[str, str]:
    """A function's variables for all names; `elsewhere` is the address of Bedrock in the other region."""
    names = [Name(on_converse, position) for on_converse in (False, True) for position in Position]
    region = Region(REGIONS_GUARDRAIL, f"http://{elsewhere}/openai/v1")
    return {
        "MODEL_NAMES": settings.names_to_text({name.text: name.targets for name in names}),
        "BEDROCK_REGIONS": settings.regions_to_text({REGION: region}),
    }
