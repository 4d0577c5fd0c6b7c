"""What `make bench` measures; see docs/bench.md for how to read it."""
