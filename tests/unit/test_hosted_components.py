"""Components as programs in other languages call them: the schema's names, and every mistake."""

from collections.abc import Mapping

import pulumi
import pytest

from meshwright_provider.package import Package
from tests.unit.recording import component_test, record

_COMPONENTS = Package()


def _refused(component: str, inputs: Mapping[str, object]) -> list[str]:
    """What a component says of wrong inputs, a line each, without its first."""
    with pytest.raises(pulumi.InputPropertiesError) as raised:
        _COMPONENTS.construct("thing", f"meshwright:index:{component}", inputs)
    return [line.strip() for line in raised.value.message.splitlines()[1:]]


def test_every_mistake_is_told_at_once_by_the_names_of_the_caller():
    """A caller without types, as in JavaScript, would see an update for each, or none at all."""
    subnet = {"name": "a", "region": "europe-west1", "podcidr": "10.16.0.0/16", "serviceCidr": 5}

    told = _refused("MeshNetwork", {"project": "p", "flowLog": True, "subnets": [subnet]})

    assert told == [
        "flowLog: unknown argument; did you mean `flowLogs`?",
        "subnets[0].podcidr: unknown argument; did you mean `podCidr`?",
        "subnets[0].cidr: missing; it is required",
        "subnets[0].podCidr: missing; it is required",
        "subnets[0].serviceCidr: must be text, not a whole number",
    ]


def test_how_values_fit_together_is_told_without_a_traceback():
    route = {"namespace": "shop", "service": "checkout", "versions": [{"name": "v1"}]}

    told = _refused("TrafficRoute", {**route, "weights": {"v1": 50.0, "v2": 50.0}})

    assert told == ["weights.v2: 'v2' must be one of v1"]


@component_test
def test_the_outputs_have_the_names_of_the_caller_at_any_depth():
    """In a generated SDK `network.subnets["a"].podRangeName` is typed, and must be there."""
    record()
    ranges = {"cidr": "10.0.0.0/22", "podCidr": "10.16.0.0/16", "serviceCidr": "10.32.0.0/20"}
    subnets = [{"name": "a", "region": "europe-west1", **ranges}]

    built = _COMPONENTS.construct(
        "mesh", "meshwright:index:MeshNetwork", {"project": "p", "subnets": subnets}
    )

    def check(outputs):
        assert set(outputs["subnets"]["a"]) == {
            *("name", "id", "region", "cidr", "podRangeName", "serviceRangeName")
        }
        assert outputs["networkId"]

    return pulumi.Output.from_input(built.state), check
