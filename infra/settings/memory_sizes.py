"""The memory of each function in MiB, by measurement: docs/adr/0060-memory-by-measurement.md."""

from __future__ import annotations

# The defaults of `chat_function.memory_size_mib` and `jobs.memory_size_mib`.
CHAT_MIB = 384
# A whole processor.
WORKER_MIB = 1769
# 128 would do, and save at most $0.05 on a million requests. But callers would wait longer for a cold start.
AUTHORIZER_MIB = 512
# Not for memory, but for time: with half of it, the file of an upload of 512 MiB might not be made within the timeout.
RESOURCES_MIB = 1024
BATCH_STEPS_MIB = 512
# It reads answers of up to 8 MiB.
PROOF_MIB = 512
KEY_ROTATION_MIB = 256
