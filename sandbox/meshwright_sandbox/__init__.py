"""A local stand-in for the Google Cloud control plane."""
