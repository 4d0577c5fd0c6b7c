"""Rules across fields; they run on whatever of a spec is well-formed, beside the fields' own."""

from stacks import (
    _rules_across,
    _rules_clusters,
    _rules_fleet,
    _rules_hybrid,
    _rules_mesh,
    _rules_names,
    _rules_operations,
    _rules_ranges,
    _rules_rollouts,
    _rules_routes,
    _rules_services,
)
from stacks._view import Problem, View

_PARTS = (
    _rules_names,
    _rules_ranges,
    _rules_clusters,
    _rules_services,
    _rules_routes,
    _rules_rollouts,
    _rules_mesh,
    _rules_across,
    _rules_fleet,
    _rules_hybrid,
    _rules_operations,
)


def check(spec: View) -> list[Problem]:
    """Every break of a rule across fields."""
    return [problem for part in _PARTS for problem in part.check(spec)]
