"""Every rule on what each component makes in its example: nothing that it could settle itself."""

from collections.abc import Iterator

import pytest

from meshwright_policies import RULES
from meshwright_policies.judge import Judge
from tests.aws import aws, make_eks_cluster
from tests.policies.recorded import shown
from tests.unit.examples import NAMES, recorded

# A mesh-wide policy is MeshSecurity's to make; a group, labels and a disk's key are the caller's.
OTHERS = {"MESH-01", "MESH-03", "GKE-17", "GKE-20", "GKE-21"}
ASKED_FOR = {
    "attached-cluster": {"COMPAT-03"},
    "fleet-features": {"MESH-17"},
    "mesh-security": {"MESH-02", "MESH-06"},
}
"""What an example asks for in so many words, and a stack needs an exemption for."""


@pytest.fixture(autouse=True, scope="module")
def _eks_cluster() -> Iterator[None]:
    """The EKS cluster that an example attaches."""
    with aws():
        make_eks_cluster("shop", "1.36")
        yield


@pytest.mark.parametrize("example", NAMES)
def test_a_component_has_no_finding_of_its_own(example: str) -> None:
    made = list(shown(recorded(example).registrations, "dev"))
    judge = Judge(RULES, preview=False)

    said = [word for resource in made for word in judge.resource(resource)] + judge.stack(made)

    found = {word.policy: f"{word.urn.split('::', 2)[-1]}: {word.message}" for word in said}
    left = OTHERS | ASKED_FOR.get(example, set())
    assert {rule: words for rule, words in found.items() if rule not in left} == {}
    assert ASKED_FOR.get(example, set()) <= found.keys()
