"""Which pods Istio's objects of a gateway are for: Istio looks for them in every namespace."""

import pulumi

from meshwright import (
    EgressGateway,
    EgressGatewayArgs,
    IngressGateway,
    IngressGatewayArgs,
    JwtIssuerArgs,
)
from tests.unit.recording import Recorder, component_test, record

_LABELS = {"app": "door", "istio": "ingressgateway"}


def _in(namespace: str) -> IngressGatewayArgs:
    users: JwtIssuerArgs = {
        "issuer": "https://accounts.example.com",
        "jwks_uri": "https://accounts.example.com/keys",
        "audiences": ["shop"],
    }
    return {
        "namespace": namespace,
        "gateway": "door",
        "hosts": ["shop.example.com"],
        "tls_secret": "shop-tls",
        "jwt": [users],
    }


def _out(namespace: str) -> EgressGatewayArgs:
    return {
        "namespace": namespace,
        "gateway": "door",
        "hosts": [{"host": "api.example.net", "callers": ["shop/checkout"]}],
        "registry_only": False,
    }


def _pods(recorder: Recorder, name: str) -> dict[str, str]:
    """The labels of a gateway's pods."""
    deployment = recorder.one("Deployment", f"{name}-deployment").inputs
    return deployment["spec"]["template"]["metadata"]["labels"]


def _selectors(recorder: Recorder, name: str) -> list[dict[str, str]]:
    """By which labels each of Istio's objects of a gateway names its pods."""
    found = []
    for kind in ("Gateway", "AuthorizationPolicy", "RequestAuthentication"):
        for item in recorder.of_type(kind):
            if item.parent == name:
                selector = item.inputs["spec"]["selector"]
                found.append(selector.get("matchLabels", selector))
                # Pods of an older Deployment may lack a label, and serve until they are replaced.
                assert f"{name}-deployment" in item.depends_on
    return found


def _assert_for_own_pods_alone(recorder: Recorder, *, objects: int) -> None:
    """So many of Istio's objects of `mine` are for its pods, and none is for those of `other`."""
    chosen = _selectors(recorder, "mine")
    assert len(chosen) == objects
    for labels in chosen:
        assert labels.items() <= _pods(recorder, "mine").items()
        assert not labels.items() <= _pods(recorder, "other").items()


@component_test
def test_objects_of_a_way_in_are_not_for_its_namesake_in_another_namespace():
    recorder = record()

    mine = IngressGateway("mine", _in("here"))
    other = IngressGateway("other", _in("there"))

    def check(_):
        _assert_for_own_pods_alone(recorder, objects=3)

    return pulumi.Output.all(mine.gateway, other.gateway), check


@component_test
def test_objects_of_a_way_out_are_not_for_its_namesake_in_another_namespace():
    recorder = record()

    mine = EgressGateway("mine", _out("here"))
    other = EgressGateway("other", _out("there"))

    def check(_):
        _assert_for_own_pods_alone(recorder, objects=2)

    return pulumi.Output.all(mine.gateway, other.gateway), check


@component_test
def test_a_deployment_keeps_the_selector_that_nobody_can_change():
    """Else each stack that is up would lose its gateway for as long as a new one takes."""
    recorder = record()

    gateway = IngressGateway("mine", _in("here"))

    def check(_):
        spec = recorder.one("Deployment").inputs["spec"]
        assert spec["selector"] == {"matchLabels": _LABELS}
        assert recorder.one("Service").inputs["spec"]["selector"] == _LABELS

    return gateway.gateway, check
