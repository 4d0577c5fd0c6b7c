"""Rules across fields; they run on whatever of a spec is well-formed, beside the fields' own."""

from stacks import _rules_clusters, _rules_mesh, _rules_names, _rules_ranges, _rules_services
from stacks._view import Problem, View


def check(spec: View) -> list[Problem]:
    """Every break of a rule across fields."""
    found: list[Problem] = []
    for rules in (_rules_names, _rules_ranges, _rules_clusters, _rules_services, _rules_mesh):
        found.extend(rules.check(spec))
    return found
