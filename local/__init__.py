"""What a developer's machine runs in place of AWS; never deployed."""
