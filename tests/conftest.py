"""What holds for every test stands in these plugins."""

from hypothesis import settings

pytest_plugins = ("tests.preloading", "tests.coverage_table", "tests.scheduling")

# How long an example may take is the machine's business: many tests share its two cores.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
