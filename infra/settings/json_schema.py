"""The JSON schema of settings files. Editors use it to complete and check settings.

`python -m infra.settings.json_schema` writes environments/schema.json.
"""

from __future__ import annotations

import json

from infra.settings import files
from infra.settings.environment import Settings

FILE = files.FOLDER / "schema.json"


def text() -> str:
    """The content of environments/schema.json."""
    schema = Settings.model_json_schema()
    # The default policy has a hundred lines and would fill the editor's hint.
    schema["$defs"]["OwnGuardrail"]["properties"]["policy"].pop("default", None)
    for name in ("ExistingGuardrail", "NoGuardrail"):
        schema["$defs"][name]["required"].insert(0, "kind")  # without a kind, the kind is "own"
    return json.dumps(schema, indent=2) + "\n"


if __name__ == "__main__":
    FILE.write_text(text())
