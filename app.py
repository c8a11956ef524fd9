"""The CDK app. `make deploy ENV=dev` runs `cdk deploy -c env=dev`, which runs this file."""

from __future__ import annotations

import sys

from infra.application import build_app
from infra.settings.problems import InvalidEnvironmentError

try:
    build_app().synth()
except InvalidEnvironmentError as error:
    sys.exit(f"error: {error}")
