"""Stand-in provider plugins, found on PATH only inside the sandbox's environment."""
