"""Removes the AWS settings of the shell that runs the tests, by being imported.

A fixture would be too late: some modules use AWS's SDK when their tests are collected.
"""

from __future__ import annotations

import os

# A developer may have exported a region, a profile, or the local stack's endpoint.
for _name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ENDPOINT_URL"):
    os.environ.pop(_name, None)
