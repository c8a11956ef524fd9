"""Gradual deployments: a test before traffic, a tenth of the traffic first, and a way back."""
