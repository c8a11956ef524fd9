"""Streams of events, and holds that delay each event until a test releases it."""
