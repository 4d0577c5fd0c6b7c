"""What holds for every test stands in these plugins."""

from hypothesis import HealthCheck, settings

pytest_plugins = ("tests.preloading", "tests.coverage_table", "tests.scheduling")

# How long an example may take is the machine's business: many tests share its two cores. The
# examples are the same in each run, so that one run finds what the last one would have found.
settings.register_profile(
    "patient",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("patient")
