"""The settings of how a deployment replaces what serves."""

from __future__ import annotations

from infra.settings.table import Table


class Deployment(Table):
    """How a deployment moves callers to a new version."""

    gradual: bool = False
    """Test the guardrail in the new version first, then move a tenth of the traffic for five minutes, then all of it."""
