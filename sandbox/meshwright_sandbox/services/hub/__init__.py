"""Parts of the emulated fleet (GKE Hub) API (`services/gkehub.py`)."""
