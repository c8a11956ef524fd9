"""Sending events while the client is there, and holding them back until a test lets them go."""
