"""When the stand-in kubernetes provider is replaced, and which settings it refuses."""

from typing import Any

import pytest
import yaml

from meshwright_sandbox.plugins.kubernetes.settings import difference, problems
from meshwright_sandbox.plugins.values import UNKNOWN


def kubeconfig(server: str) -> str:
    return yaml.safe_dump(
        {
            "current-context": "c",
            "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
            "clusters": [{"name": "k", "cluster": {"server": server}}],
            "users": [{"name": "u", "user": {}}],
        }
    )


ONE, TWO = kubeconfig("https://127.0.0.1:1"), kubeconfig("https://127.0.0.1:2")


@pytest.mark.parametrize(
    ("old", "new", "replaced"),
    [
        ({"kubeconfig": ONE}, {"kubeconfig": ONE, "namespace": "shop"}, False),
        ({"kubeconfig": ONE}, {"kubeconfig": ONE + "# a comment\n"}, False),
        ({"kubeconfig": ONE}, {"kubeconfig": TWO}, True),
        ({"kubeconfig": ONE}, {"kubeconfig": UNKNOWN}, False),
        (
            {"kubeconfig": ONE, "clusterIdentifier": "a"},
            {"kubeconfig": TWO, "clusterIdentifier": "a"},
            False,
        ),
        (
            {"kubeconfig": ONE, "clusterIdentifier": "a"},
            {"kubeconfig": ONE, "clusterIdentifier": "b"},
            True,
        ),
        (
            {"kubeconfig": ONE, "clusterIdentifier": "a"},
            {"kubeconfig": UNKNOWN, "clusterIdentifier": UNKNOWN},
            False,
        ),
    ],
)
def test_only_another_cluster_replaces_the_provider(
    old: dict[str, Any], new: dict[str, Any], replaced: bool
) -> None:
    assert bool(difference(old, new).replaces) is replaced


def test_nothing_changed_is_no_difference() -> None:
    answer = difference({"kubeconfig": ONE}, {"kubeconfig": ONE})

    assert answer.changes == answer.DIFF_NONE


def test_settings_that_cannot_be_honoured_are_refused() -> None:
    found = problems({"renderYamlToDirectory": "x", "enableServerSideApply": "false"})

    assert [item.property for item in found] == ["renderYamlToDirectory", "enableServerSideApply"]
