"""What holds for every test stands in these plugins."""

pytest_plugins = ("tests.coverage_table", "tests.scheduling")
