"""Tests of the authorizer for JWTs."""
