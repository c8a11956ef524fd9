"""What a chat function is also measured with, beside plain requests: a client with limits, Converse, a model name."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from benchmarks import converse_model, limited_client, named_model
from benchmarks.exchanges import Target
from benchmarks.functions import Function
from benchmarks.stage import Stage


class Variant(Protocol):
    """A module that runs the function as a target of its own, with this name."""

    def name(self, function: str, /) -> str: ...
    def target(self, function: Function, stage: Stage, /) -> AbstractContextManager[Target]: ...
    def is_known(self, function: Function, stage: Stage, /) -> bool: ...


ALL: Sequence[Variant] = (limited_client, converse_model, named_model)


def known(function: Function, stage: Stage) -> list[Variant]:
    """Those that the function has. Functions of earlier commits may lack some."""
    return [variant for variant in ALL if variant.is_known(function, stage)]
