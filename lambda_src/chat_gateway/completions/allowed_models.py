"""The models that an environment allows, by every name that a caller may write."""

from __future__ import annotations

from collections.abc import Iterable

from chat_gateway.core.errors import ModelNotAllowedError


class AllowedModels:
    """From the ids and ARNs that the environment lists. A listed ARN also allows the id after its last `/`.

    Callers write ids where operators list ARNs. An ARN that a caller writes has to be listed as it is.
    """

    def __init__(self, listed: Iterable[str]) -> None:
        models = list(listed)
        self._names = frozenset(models) | {model.rpartition("/")[2] for model in models}

    def check(self, model: str) -> None:
        """Raises ModelNotAllowedError."""
        if model not in self._names:
            raise ModelNotAllowedError(
                "This environment does not allow the model that the request names.", param="model"
            )
