"""An upgrade replaces no resource of a deployed stack."""

from __future__ import annotations

import json

from tests.infra import kept_resources
from tests.infra.conftest import synthesised


def test_no_resource_is_replaced() -> None:
    """Every resource of `prod` keeps its logical ID, its type and the properties whose change would replace it."""
    listed = json.loads(kept_resources.LIST.read_text())
    assert kept_resources.kept(synthesised("prod", guardrail=None).template) == listed
