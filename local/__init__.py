"""The local stack: what a developer's machine runs instead of AWS. It is never deployed."""
