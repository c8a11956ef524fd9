"""Reads what a module imports from its source, without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

# The parts of compound statements that hold statements.
_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")


def imported_names(source: bytes, module: str, *, is_package: bool) -> frozenset[str]:
    """The absolute names of the modules that `module` imports, and of what it imports from them.

    The names of `from a import b` are `a` and `a.b`, because `b` may be a module. Imports in functions and in `try` count,
    those below `if TYPE_CHECKING` do not. Raises SyntaxError.
    """
    package = module if is_package else module.rpartition(".")[0]
    found: set[str] = set()
    for statement in _imports(ast.parse(source).body):
        if isinstance(statement, ast.Import):
            found.update(alias.name for alias in statement.names)
        else:
            origin = _origin(statement, package)
            found.update((origin, *(f"{origin}.{alias.name}" for alias in statement.names)))
    return frozenset(found)


def _imports(statements: Iterable[ast.AST]) -> Iterator[ast.Import | ast.ImportFrom]:
    for statement in statements:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            yield statement
        for block in ("orelse",) if _is_for_type_checking(statement) else _BLOCKS:
            inner = getattr(statement, block, ())
            if isinstance(inner, list):
                yield from _imports(inner)


def _is_for_type_checking(statement: ast.AST) -> bool:
    if not isinstance(statement, ast.If):
        return False
    condition = statement.test
    name = condition.attr if isinstance(condition, ast.Attribute) else getattr(condition, "id", "")
    return name == "TYPE_CHECKING"


def _origin(statement: ast.ImportFrom, package: str) -> str:
    """The absolute name of the module after `from`."""
    if not statement.level:
        return statement.module or ""
    above = package.split(".")[: package.count(".") + 2 - statement.level]
    return ".".join([*above, *([statement.module] if statement.module else [])])
