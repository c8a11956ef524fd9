"""Checks whether the environment allows a model."""

from __future__ import annotations

from collections.abc import Iterable

from chat_gateway.core.errors import ModelNotAllowedError


class AllowedModels:
    """The ids and ARNs that the environment lists. A listed ARN also allows the id after its last `/`.

    Operators may list ARNs while callers send ids. An ARN that a caller sends must be listed exactly.
    """

    def __init__(self, listed: Iterable[str]) -> None:
        models = list(listed)
        self._names = frozenset(models) | {model.rpartition("/")[2] for model in models}

    def check(self, model: str) -> None:
        """Raises ModelNotAllowedError if `model` is not allowed."""
        if model not in self._names:
            raise ModelNotAllowedError("This environment does not allow the requested model.", param="model")
