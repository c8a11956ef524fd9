"""The memory of the functions for which it is no setting: docs/adr/0060-memory-by-measurement.md."""

from __future__ import annotations

AUTHORIZER_MIB = 256
RESOURCES_MIB = 1024
BATCH_STEPS_MIB = 1024
PROOF_MIB = 256
KEY_ROTATION_MIB = 256
