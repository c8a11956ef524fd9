"""Signed calls of AWS's JSON APIs."""
