"""Tests of clusters; most share one, which ends with the folder."""
