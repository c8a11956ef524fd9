"""The paths of the local stack's tools, state and logs."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CDK = ROOT / "node_modules" / ".bin" / "cdk"
STATE = ROOT / ".local"
EMULATOR_PYTHON = ROOT / ".venv-emulator" / "bin" / "python"


@dataclass(frozen=True, slots=True)
class StateFolder:
    """The files of one run. Two runs at the same time need two folders."""

    path: Path = field(default_factory=lambda: STATE)

    @property
    def lock(self) -> Path:
        """Locked while a run uses this folder."""
        return self.path / "lock"

    @property
    def stack_file(self) -> Path:
        """The running stack's URLs and keys, for other programs."""
        return self.path / "stack.json"

    @property
    def kept_file(self) -> Path:
        """The ports and the client key that the next run uses again."""
        return self.path / "kept.json"

    @property
    def emulator(self) -> Path:
        """The emulator's temporary files. They are deleted at each start."""
        return self.path / "emulator"

    @property
    def cdk_home(self) -> Path:
        """The CDK command line's own files."""
        return self.path / "cdk-home"

    @property
    def cdk_out(self) -> Path:
        """The synthesised stack."""
        return self.path / "cdk.out"

    def log(self, name: str) -> Path:
        """The log file with this name."""
        return self.path / f"{name}.log"
