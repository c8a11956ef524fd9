"""Loads what all unit tests have in common."""

from tests import hypothesis_profile

assert hypothesis_profile  # loaded by being imported
