"""Faults that a request asks for, or gets at random. The API decides how a fault looks."""
