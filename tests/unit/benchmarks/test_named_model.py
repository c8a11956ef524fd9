"""A measured model name: the function's environment, and the checks of its answers."""

from __future__ import annotations

import json
from typing import cast

import pytest

from benchmarks import events
from benchmarks.exchanges import PRELUDE_END, FunctionTarget, Timing
from benchmarks.named_model import NamedTarget
from benchmarks.shapes import SHAPES, TEXT, WHOLE, Shape
from chat_gateway.model_names import settings


class AskedFunction:
    """A function that gives one answer. `asked` are the models of its requests."""

    name, pid = "ours", 7

    def __init__(self, model: str) -> None:
        self.model, self.asked = model, list[str]()

    def exchange(self, body: bytes) -> tuple[Timing, bytes]:
        self.asked.append(json.loads(body)["model"])
        message = {"role": "assistant", "content": TEXT}
        choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
        prelude = json.dumps({"statusCode": 200, "headers": {}}).encode()
        return Timing(0.1, 0.2), prelude + PRELUDE_END + json.dumps(
            {"model": self.model, "choices": choices}
        ).encode()


def test_the_name_is_asked_and_answered() -> None:
    """The function is asked by a name, and its answer must have the name."""
    function = AskedFunction(f"name-of-{WHOLE.model}")
    target = NamedTarget(cast("FunctionTarget", function))
    assert target.ask(events.chat_body(WHOLE, 1000)) == Timing(0.1, 0.2)
    assert function.asked == [f"name-of-{WHOLE.model}"]
    assert settings.NAME.fullmatch(function.asked[0])


def test_another_model_is_not_timed() -> None:
    """An answer under the model's own id is not timed."""
    target = NamedTarget(cast("FunctionTarget", AskedFunction("openai.gpt-oss-120b-1:0")))
    with pytest.raises(AssertionError, match="by model name answered with the status 200"):
        target.ask(events.chat_body(WHOLE, 1000))


@pytest.mark.parametrize("shape", SHAPES)
def test_a_name_holds_its_shape(shape: Shape) -> None:
    """The upstream finds the shape in the target's model."""
    assert Shape.asked_for(json.dumps({"model": shape.model}).encode()) == shape
