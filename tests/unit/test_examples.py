"""Each example is a program that runs, and makes what its inventory.yaml says.

`MESHWRIGHT_RENEW=1 .venv/bin/python -m pytest tests/unit/test_examples.py` writes the inventories.
"""

import os
from collections import Counter
from collections.abc import Iterator

import pulumi
import pytest
from ruamel.yaml import YAML

from tests.aws import aws, make_eks_cluster
from tests.unit.examples import EXAMPLES, NAMES, recorded

_RENEW = "MESHWRIGHT_RENEW=1 .venv/bin/python -m pytest tests/unit/test_examples.py"


@pytest.fixture(autouse=True, scope="module")
def _eks_cluster() -> Iterator[None]:
    """The EKS cluster that an example attaches."""
    with aws():
        make_eks_cluster("shop", "1.36")
        yield


def _made(example: str) -> dict[str, int]:
    """Run the program, and count what it registers by type."""
    counts = Counter(item.type for item in recorded(example).registrations)
    del counts["pulumi:pulumi:Stack"]
    return dict(sorted(counts.items()))


@pytest.mark.parametrize("example", NAMES)
def test_an_example_makes_what_its_inventory_says(example):
    """A change of what a component builds shows here, and is renewed on purpose."""
    inventory = EXAMPLES / example / "inventory.yaml"
    made = _made(example)
    if os.environ.get("MESHWRIGHT_RENEW"):
        with inventory.open("w", encoding="utf-8") as file:
            YAML().dump({"counts": made}, file)

    expected = YAML(typ="safe").load(inventory)["counts"]

    assert made == expected, f"examples/{example} makes something else; if that is right: {_RENEW}"


def test_every_component_has_an_example():
    """A component without a program that uses it is not finished."""
    import meshwright

    used = "".join(path.read_text(encoding="utf-8") for path in EXAMPLES.glob("*/__main__.py"))
    components = [
        name
        for name in meshwright.__all__
        if isinstance(getattr(meshwright, name), type)
        and issubclass(getattr(meshwright, name), pulumi.ComponentResource)
    ]

    assert [name for name in [*components, "cluster_access"] if f"{name}(" not in used] == []
