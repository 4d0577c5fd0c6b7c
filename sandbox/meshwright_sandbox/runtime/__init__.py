"""Runs what the emulated control plane creates: clusters, meshes, and Google's controllers."""
