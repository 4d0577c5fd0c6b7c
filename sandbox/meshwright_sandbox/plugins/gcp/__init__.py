"""Stand-in for the official ``gcp`` provider plugin, driven by a table of resource types."""
