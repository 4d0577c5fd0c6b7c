"""Tests of the stand-in kubernetes plugin on one real API server, which ends with the folder."""
