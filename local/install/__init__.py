"""What the Makefile runs before anything is installed, on any Python and without packages."""
