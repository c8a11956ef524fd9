"""Answers of Converse and ConverseStream: bodies, events, frames, errors, and how a fault changes them."""
