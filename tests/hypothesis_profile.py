"""The settings of all property tests. Importing this module loads them."""

from hypothesis import settings

from tests import depth

# By default an example fails after 200 ms, and on a busy machine any example may take longer.
settings.register_profile("quick", deadline=None, max_examples=25)
settings.register_profile("deep", deadline=None, max_examples=300)
settings.load_profile("deep" if depth.IS_DEEP else "quick")
