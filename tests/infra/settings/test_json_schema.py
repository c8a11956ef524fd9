"""environments/schema.json describes the settings for editors."""

from __future__ import annotations

import json

import pytest

from infra.settings import files, json_schema

SHIPPED = ("dev", "staging", "prod", "local")


def test_the_schema_is_up_to_date() -> None:
    """The schema is current; `python -m infra.settings.json_schema` writes it again."""
    assert json_schema.FILE.read_text() == json_schema.text()


def test_every_setting_has_a_description() -> None:
    """Each setting has a description, which the editor shows."""
    schema = json.loads(json_schema.text())
    for name, table in {"": schema, **schema["$defs"]}.items():
        for setting, properties in table.get("properties", {}).items():
            has_one = "description" in properties or "$ref" in properties  # a type describes itself
            assert setting == "kind" or has_one, f"{name}.{setting}"


@pytest.mark.parametrize("name", [name for name in SHIPPED if name in files.names()])
def test_shipped_files_name_the_schema(name: str) -> None:
    """The first line of each shipped file names the schema, so that editors find it. An operator's own file need not."""
    assert (files.FOLDER / f"{name}.toml").read_text().startswith("#:schema schema.json\n")
