"""The base class of a settings file's tables, and the error for a refused setting."""

from __future__ import annotations

import re
from collections.abc import Callable

from pydantic import BaseModel, ConfigDict


class Table(BaseModel):
    """Refuses unknown settings and values of another type: "50" is not 50."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, use_attribute_docstrings=True)


class RefusedSettingError(ValueError):
    """A setting is wrong or contradicts another setting. `setting` is its path below the table that refuses it.

    `rule` is the end of the sentence that starts with the setting, such as "must be at most 5".
    """

    def __init__(self, setting: str, rule: str) -> None:
        super().__init__(f"{setting} {rule}")
        self.setting, self.rule = setting, rule


def require(is_valid: bool, setting: str, rule: str) -> None:
    """Raises RefusedSettingError if `is_valid` is false."""
    if not is_valid:
        raise RefusedSettingError(setting, rule)


def matching(pattern: str, rule: str) -> Callable[[str], str]:
    """A validator that accepts text of this pattern, and raises ValueError with `rule` for other text."""

    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(rule)
        return text

    return check
