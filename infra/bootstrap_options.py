"""Prints the options of `cdk bootstrap` for an environment. The CDK does not read the qualifier of a stack there.

python -m infra.bootstrap_options NAME
"""

from __future__ import annotations

import sys
from pathlib import Path

from infra import emulator, environments
from infra.settings import files
from infra.settings.problems import InvalidEnvironmentError


def options(name: str, folder: Path = files.FOLDER) -> list[str]:
    """The options; none for the CDK's own qualifier. Raises InvalidEnvironmentError."""
    if name == emulator.NAME:
        return []
    qualifier = environments.named(name, folder=folder).account.bootstrap_qualifier
    if qualifier is None:
        return []
    # Under the name of another bootstrap stack, it would replace that one's bucket and roles.
    return ["--qualifier", qualifier, "--toolkit-stack-name", f"CDKToolkit-{qualifier}"]


if __name__ == "__main__":
    try:
        print(*options(sys.argv[1]))
    except InvalidEnvironmentError as error:
        sys.exit(f"error: {error}")
