"""The tables of docs/models.md, from the data. Running this module prints them."""

from __future__ import annotations

import json

from chat_gateway.converse import parameters
from chat_gateway.converse.families import FAMILIES, UNKNOWN, Family, Reasoning, TopK
from chat_gateway.converse.parameters import FIELDS, Field, Scope, Treatment

Rows = list[list[str]]
FIELD_HEAD = "| field | what happens | how |"
ID_HEAD = "| family | ids begin with | read on | source |"
TOOL_HEAD = "| family | tools | choices besides `auto` | tools in streams | text beside results | one call at most | `strict` |"
OTHER_HEAD = (
    "| family | system prompt | images | files | cache points | `reasoning_effort` | `json_schema` "
    "| `temperature` with `top_p` | `top_k` | limit by default |"
)


def field_rows() -> Rows:
    """Every field, by the object that it stands in; then roles and parts that are refused as a whole."""
    rows = [_field_row(scope, field) for scope, fields in FIELDS.items() for field in fields]
    rows += [[f"role `{role}`", "refused", how] for role, how in parameters.REFUSED_ROLES.items()]
    return rows + [
        [f"part `{kind}` elsewhere" if kind != "input_audio" else f"part `{kind}`", "refused", how]
        for kind, how in parameters.REFUSED_PARTS.items()
    ]


def id_rows() -> Rows:
    """The ids of each family, and where its row comes from."""
    return [
        [
            family.name,
            ", ".join(f"`{prefix}`" for prefix in family.prefixes),
            family.seen,
            f"[{family.source.split('/')[2]}]({family.source})",
        ]
        for family in FAMILIES
    ]


def tool_rows() -> Rows:
    """What each family can do with tools."""
    return [_tool_row(family) for family in (*FAMILIES, UNKNOWN)]


def other_rows() -> Rows:
    """What else differs by family."""
    return [
        [
            family.name,
            _yes(family.has_system),
            _yes(family.has_images),
            _yes(family.has_documents),
            _cache_points(family),
            family.reasoning.value if family.reasoning is not Reasoning.NONE else "no",
            _yes(family.has_json_schema),
            _yes(family.takes_both_samplers),
            family.top_k.value if family.top_k is not TopK.NONE else "no",
            f"{family.default_max_tokens:,}",
        ]
        for family in (*FAMILIES, UNKNOWN)
    ]


TABLES = ((FIELD_HEAD, field_rows), (ID_HEAD, id_rows), (TOOL_HEAD, tool_rows), (OTHER_HEAD, other_rows))


def _field_row(scope: Scope, field: Field) -> list[str]:
    place = f"`{field.place}`" if scope is Scope.REQUEST else f"{scope.value}: `{field.place}`"
    treatment = field.treatment.value
    if field.treatment is Treatment.REFUSED and field.neutral:
        treatment += f", except `{json.dumps(field.neutral[0])}`"
    return [place, treatment, field.how]


def _tool_row(family: Family) -> list[str]:
    if not family.has_tools:
        return [family.name, "no", *["-"] * 5]
    choices = sorted({"any": "`required`", "tool": "a named tool"}[choice] for choice in family.tool_choices)
    return [
        family.name,
        "yes",
        ", ".join(choices) or "none",
        "yes" if family.streams_tools else "replayed",
        _yes(family.takes_text_beside_results),
        _yes(family.limits_to_one_call),
        "sent" if family.has_strict_tools else "dropped",
    ]


def _cache_points(family: Family) -> str:
    if not family.has_cache_points:
        return "no"
    return "yes" if family.has_tool_cache_points else "not behind tools"


def _yes(is_true: bool) -> str:
    return "yes" if is_true else "no"


def written() -> str:
    """All tables as Markdown."""
    return "\n\n".join(
        "\n".join(
            [
                head,
                "|".join(["", *["---"] * (head.count("|") - 1), ""]),
                *(f"| {' | '.join(row)} |" for row in rows()),
            ]
        )
        for head, rows in TABLES
    )


if __name__ == "__main__":
    print(written())
