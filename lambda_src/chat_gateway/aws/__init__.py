"""Signed calls to AWS's JSON APIs."""
