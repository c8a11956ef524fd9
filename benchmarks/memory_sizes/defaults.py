"""The default memory of each function, by its name in the benchmark."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks import contenders
from benchmarks.memory_sizes import other_functions
from infra.settings import memory_sizes

BY_NAME: Mapping[str, int] = {
    contenders.OURS: memory_sizes.CHAT_MIB,
    contenders.WORKER: memory_sizes.WORKER_MIB,
    contenders.AUTHORIZER: memory_sizes.AUTHORIZER_MIB,
    other_functions.JWT_AUTHORIZER: memory_sizes.AUTHORIZER_MIB,
    other_functions.RESOURCES: memory_sizes.RESOURCES_MIB,
    other_functions.BATCH_STEPS: memory_sizes.BATCH_STEPS_MIB,
    other_functions.PROVER: memory_sizes.PROOF_MIB,
    other_functions.BEFORE_TRAFFIC: memory_sizes.PROOF_MIB,
    other_functions.KEY_ROTATION: memory_sizes.KEY_ROTATION_MIB,
}
