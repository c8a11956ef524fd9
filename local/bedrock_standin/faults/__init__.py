"""The faults that a call can ask for or be struck by; how they look is the API's matter."""
