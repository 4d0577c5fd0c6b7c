"""Every class of wrong spec is refused with its path, its rule and its fix, and nothing else."""

import pytest

from stacks.spec import SpecError, load
from tests.inputs import cases_fields, cases_hybrid, cases_mesh, cases_rollouts, cases_rules
from tests.inputs.specs import Case, dev, edited

CASES = [
    *cases_fields.ALL,
    *cases_rules.ALL,
    *cases_mesh.ALL,
    *cases_hybrid.ALL,
    *cases_rollouts.ALL,
]


def test_dev_is_valid() -> None:
    """The spec that the demo runs has no mistake."""
    assert load(dev()).project == "meshwright-dev"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_wrong_spec(case: Case) -> None:
    """One edit gives its own mistakes and no others, each complete."""
    with pytest.raises(SpecError) as caught:
        load(edited(case.edits, case.base))

    problems = caught.value.problems
    assert {problem.path for problem in problems} == {case.path, *case.also}
    found = [p for p in problems if p.path == case.path and case.rule in p.rule]
    assert found, [problem.rule for problem in problems]
    assert any(case.fix in problem.fix for problem in found), [p.fix for p in found]
    assert all(p.value and p.rule and p.fix for p in problems)


def test_ids_are_unique() -> None:
    """No two cases hide behind one name."""
    assert len({case.id for case in CASES}) == len(CASES)


def test_all_mistakes_at_once() -> None:
    """Mistakes of fields, of rules across fields and secrets come in one error."""
    edits = {
        "projct": "meshwright-dev",
        "clusters[0].region": "europe-west1-b",
        "clusters[1].node_pools[0].min_nodes": 9,
        "namespaces[1].services[0].route.weights[0].weight": 91,
        "networks[0].subnets[1].pod_cidr": "10.16.0.0/16",
        "labels": {"api-key": "s3cr3t-canary"},
        "security.calls[1].to": "shop/payment",
    }

    with pytest.raises(SpecError) as caught:
        load(edited(edits))

    paths = {problem.path for problem in caught.value.problems}
    assert paths == {
        "projct",
        "clusters[0].region",
        "clusters[1].node_pools[0].min_nodes",
        "namespaces[1].services[0].route.weights",
        "networks[0].subnets[1].pod_cidr",
        "labels.api-key",
        "security.calls[1].to",
    }
    assert str(caught.value).startswith("7 mistakes in the spec; nothing was changed.")


@pytest.mark.parametrize("raw", [None, [], "text", 5, {}, {"project": None}])
def test_not_a_spec_at_all(raw: object) -> None:
    """What is no map of a spec is refused like any other mistake."""
    with pytest.raises(SpecError) as caught:
        load(raw)

    assert caught.value.problems


def test_a_zone_for_accelerators_is_one_of_its_region() -> None:
    """Google calls it us-central1-ai1a and the like."""
    load(edited({"clusters[1].zones": ["europe-west4-ai1a"]}))

    with pytest.raises(SpecError) as caught:
        load(edited({"clusters[1].zones": ["europe-west4-ai1b"]}))

    (problem,) = caught.value.problems
    assert "there is no such zone" in problem.rule
    assert "europe-west4-c, europe-west4-ai1a" in problem.fix
