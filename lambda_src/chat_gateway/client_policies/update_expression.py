"""Builds the expressions of DynamoDB's UpdateItem.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# An attribute, or an entry of a map: its attribute and its key.
Path = str | tuple[str, str]


class Update:
    """One update and its condition. Every name and value has a placeholder, so that any text can be one."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._values: dict[str, Any] = {}
        self._clauses: dict[str, list[str]] = {"SET": [], "ADD": [], "REMOVE": []}
        self._conditions: list[str] = []

    def set(self, path: Path, value: Any) -> None:
        """Sets the attribute or entry. An entry's map must exist."""
        self._clauses["SET"].append(f"{self._path(path)} = {self._value(value)}")

    def add(self, amounts: Mapping[str, int]) -> None:
        """Adds to numbers; one that does not exist is 0."""
        self._clauses["ADD"] += [f"{self._path(name)} {self._number(n)}" for name, n in amounts.items()]

    def add_to_set(self, attribute: str, text: str) -> None:
        """Adds the text to a set of texts."""
        self._clauses["ADD"].append(f"{self._path(attribute)} {self._value({'SS': [text]})}")

    def remove(self, *paths: Path) -> None:
        """Removes what exists of these."""
        self._clauses["REMOVE"] += [self._path(path) for path in paths]

    def require_present(self, path: Path) -> None:
        self._conditions.append(f"attribute_exists({self._path(path)})")

    def require_absent(self, path: Path) -> None:
        self._conditions.append(f"attribute_not_exists({self._path(path)})")

    def require_equal(self, attribute: str, value: Any) -> None:
        self._conditions.append(f"{self._path(attribute)} = {self._value(value)}")

    def require_at_most(self, attribute: str, bound: int) -> None:
        """The number is at most `bound`, or does not exist."""
        name = self._path(attribute)
        self._conditions.append(f"(attribute_not_exists({name}) OR {name} <= {self._number(bound)})")

    def require_fewer(self, attribute: str, bound: int) -> None:
        """The map has fewer than `bound` entries. Fails if there is no such map."""
        # AWS does not say what the size of a missing attribute is.
        name = self._path(attribute)
        self._conditions.append(f"(attribute_exists({name}) AND size({name}) < {self._number(bound)})")

    def require_member_or_fewer(self, attribute: str, text: str, bound: int) -> None:
        """The set has the text already, or has fewer than `bound` texts, or does not exist."""
        name = self._path(attribute)
        self._conditions.append(
            f"(attribute_not_exists({name}) OR contains({name}, {self._value({'S': text})})"
            f" OR size({name}) < {self._number(bound)})"
        )

    def parameters(self) -> dict[str, Any]:
        """The parameters of UpdateItem that say what to do."""
        clauses = (f"{verb} {', '.join(parts)}" for verb, parts in self._clauses.items() if parts)
        parameters: dict[str, Any] = {
            "UpdateExpression": " ".join(clauses),
            "ExpressionAttributeNames": {placeholder: name for name, placeholder in self._names.items()},
        }
        if self._values:
            parameters["ExpressionAttributeValues"] = self._values
        if self._conditions:
            parameters["ConditionExpression"] = " AND ".join(self._conditions)
        return parameters

    def _path(self, path: Path) -> str:
        parts = (path,) if isinstance(path, str) else path
        return ".".join(self._names.setdefault(part, f"#n{len(self._names)}") for part in parts)

    def _value(self, value: Any) -> str:
        placeholder = f":v{len(self._values)}"
        self._values[placeholder] = value
        return placeholder

    def _number(self, number: int) -> str:
        return self._value({"N": str(number)})
