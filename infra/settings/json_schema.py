"""The JSON schema of settings files, by which editors complete and check them.

`python -m infra.settings.json_schema` writes environments/schema.json anew.
"""

from __future__ import annotations

import json

from infra.settings import files
from infra.settings.environment import Settings

FILE = files.FOLDER / "schema.json"


def text() -> str:
    """The schema as the file holds it."""
    schema = Settings.model_json_schema()
    # A policy of one's own is rare, and the default's hundred lines would fill the editor's hint.
    schema["$defs"]["OwnGuardrail"]["properties"]["policy"].pop("default", None)
    for name in ("ExistingGuardrail", "NoGuardrail"):
        schema["$defs"][name]["required"].insert(0, "kind")  # without it, the kind is "own"
    return json.dumps(schema, indent=2) + "\n"


if __name__ == "__main__":
    FILE.write_text(text())
