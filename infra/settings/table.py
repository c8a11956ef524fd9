"""A table of a settings file, and how it refuses a setting."""

from __future__ import annotations

import re
from collections.abc import Callable

from pydantic import BaseModel, ConfigDict


class Table(BaseModel):
    """Takes no setting that it does not know, and no value of another type: "50" is not 50."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, use_attribute_docstrings=True)


class RefusedSettingError(ValueError):
    """A setting contradicts another. `setting` is its path below the table that refuses it.

    `rule` follows the setting in a sentence, such as "must be at most 5".
    """

    def __init__(self, setting: str, rule: str) -> None:
        super().__init__(f"{setting} {rule}")
        self.setting, self.rule = setting, rule


def require(is_valid: bool, setting: str, rule: str) -> None:
    """Raises RefusedSettingError where the rule does not hold."""
    if not is_valid:
        raise RefusedSettingError(setting, rule)


def matching(pattern: str, rule: str) -> Callable[[str], str]:
    """A validator that takes text with the pattern, and raises ValueError with `rule` for other text."""

    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(rule)
        return text

    return check
