"""Editors know the settings by environments/schema.json."""

from __future__ import annotations

import json

import pytest

from infra.settings import files, json_schema


def test_the_schema_is_up_to_date() -> None:
    """`python -m infra.settings.json_schema` writes it anew."""
    assert json_schema.FILE.read_text() == json_schema.text()


def test_every_setting_has_a_description() -> None:
    """The editor shows what a setting is for."""
    schema = json.loads(json_schema.text())
    for name, table in {"": schema, **schema["$defs"]}.items():
        for setting, properties in table.get("properties", {}).items():
            has_one = "description" in properties or "$ref" in properties  # a type describes itself
            assert setting == "kind" or has_one, f"{name}.{setting}"


@pytest.mark.parametrize("name", files.names())
def test_every_file_names_the_schema(name: str) -> None:
    """The first line is the one by which editors find it."""
    assert (files.FOLDER / f"{name}.toml").read_text().startswith("#:schema schema.json\n")
