"""Tests of calls through real Envoys."""
