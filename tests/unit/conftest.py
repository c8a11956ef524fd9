"""Loads what all unit tests have in common."""

from tests import hypothesis_profile
from tests.unit import quick_aws

assert hypothesis_profile  # loaded by being imported
quick_start_of_aws = quick_aws.quick_start_of_aws
