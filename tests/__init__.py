"""Tests of the whole: a folder of tests is a package where fixtures end with the folder."""
