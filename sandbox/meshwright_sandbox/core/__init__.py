"""The service-independent half of the emulated control plane."""
