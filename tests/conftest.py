"""What holds for every test stands in these plugins."""

pytest_plugins = ("tests.scheduling",)
