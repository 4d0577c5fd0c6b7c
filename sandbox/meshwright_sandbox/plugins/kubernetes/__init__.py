"""Stand-in for the ``kubernetes`` provider plugin: server-side apply against a real API server."""
