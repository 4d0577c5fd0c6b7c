"""Rules across fields; they run on whatever of a spec is well-formed, beside the fields' own."""

from stacks._view import Problem, View


def check(spec: View) -> list[Problem]:
    """Every break of a rule across fields."""
    return []
