"""Scripts that the Makefile runs before anything is installed. They run on any Python without packages."""
