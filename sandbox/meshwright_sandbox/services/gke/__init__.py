"""Parts of the emulated GKE API (`services/container.py`)."""
