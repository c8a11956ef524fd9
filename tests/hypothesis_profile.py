"""The settings of all property tests. Importing this module loads them."""

from hypothesis import settings

# By default an example fails after 200 ms, and on a busy machine any example may take longer.
settings.register_profile("any speed", deadline=None)
settings.load_profile("any speed")
