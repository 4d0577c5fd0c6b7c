"""Discovery documents written by hand, of APIs that Google's Python client ships none for.

Each names its source in `documentationLink` and says in `description` that it is no publication of
Google's; `sandbox/COVERAGE.md` marks the methods they describe.
"""
