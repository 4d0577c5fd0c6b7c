"""What a rollout of the spec becomes: one resource that says the weights in every cluster."""

from typing import Any

import pulumi

from stacks.composition import build
from stacks.spec import load
from tests.inputs.cases_rollouts import CHECKOUT, plan
from tests.inputs.specs import DELETE, edited
from tests.unit.recording import Recorder, component_test, record

SHARES = "autopilot-shop-checkout-shares"


def _composed(edits: dict[str, Any], stack: str = "dev") -> tuple[Recorder, pulumi.Output[Any]]:
    """`hybrid` without EKS, which is read from AWS."""
    edits |= {"attached_clusters[0]": DELETE} if stack == "hybrid" else {}
    recorder = record()
    return recorder, pulumi.Output.all(build(load(edited(edits, stack))))


@component_test
def test_a_canary():
    """Its steps, the image that tells one v2 from the next, and the mesh's own metrics."""
    recorder, outputs = _composed(plan(steps=[{"weight": 10, "duration_seconds": 60}]))

    def check(built: list[dict[str, Any]]) -> None:
        made = recorder.one("Rollout").inputs
        assert (made["service"], made["target"]) == ("shop/checkout", "v2")
        assert made["targetRevision"].endswith("hello-app:2.0")
        assert made["steps"] == [{"weight": 10, "durationSeconds": 60, "pause": False}]
        assert made["metrics"] == {"url": "http://prometheus.example.com:9090"}
        (analysis,) = made["analyses"]
        assert (analysis["min"], analysis["intervalSeconds"]) == (99, 60)
        assert analysis["query"] == (
            '100 - 100 * (sum(rate(istio_requests_total{reporter="destination",'
            'destination_workload_namespace="{{namespace}}",'
            'destination_canonical_service="{{service}}",'
            'destination_canonical_revision="{{target}}",response_code=~"5.."}[{{interval}}]))'
            ' or vector(0)) / sum(rate(istio_requests_total{reporter="destination",'
            'destination_workload_namespace="{{namespace}}",'
            'destination_canonical_service="{{service}}",'
            'destination_canonical_revision="{{target}}"}[{{interval}}]))'
        )
        (http,) = recorder.one("VirtualService", SHARES).inputs["spec"]["http"]
        assert [share["weight"] for share in http["route"]] == [0, 100]
        assert built[0]["rollouts"]["shop/checkout"]["phase"] == "Healthy"

    return outputs, check


@component_test
def test_google_is_asked_for_what_the_mesh_writes():
    """By the project's Prometheus API; too few calls are counted by the same metrics."""
    analysis = {"name": "slow", "metric": "request-duration-p99", "max": 300, "min_samples": 20}
    edits = plan(analyses=[analysis]) | {"metrics": {"google_project": "shop-metrics"}}
    recorder, outputs = _composed(edits)

    def check(_: object) -> None:
        made = recorder.one("Rollout").inputs
        assert made["metrics"]["url"] == (
            "https://monitoring.googleapis.com/v1/projects/shop-metrics/location/global/prometheus"
        )
        (analysis,) = made["analyses"]
        assert "istio_io:service_server_response_latencies_bucket{" in analysis["query"]
        assert analysis["samplesQuery"].startswith("sum(increase(istio_io:service_server_request")
        assert analysis["minSamples"] == 20

    return outputs, check


@component_test
def test_blue_green_is_two_steps():
    """Nothing, checked; then everything, checked."""
    switch = {"pre_switch": ["errors"], "pre_switch_seconds": 30, "post_switch_seconds": 90}
    recorder, outputs = _composed(plan(steps=None, blue_green={**switch, "pause": True}))

    def check(_: object) -> None:
        assert recorder.one("Rollout").inputs["steps"] == [
            {"weight": 0, "durationSeconds": 30, "pause": True, "analyses": ["errors"]},
            {"weight": 100, "durationSeconds": 90},
        ]

    return outputs, check


@component_test
def test_an_ab_test_and_testers_have_shares_of_their_own():
    """By rules before the shares, whose weights are those of callers who go first."""
    callers = {"headers": {"x-beta": "true"}}
    test = {"callers": callers, "duration_seconds": 600}
    edits = plan(steps=None, ab_test=test, testers={"cookie": "tester", "cookie_value": "1"})
    recorder, outputs = _composed(edits)

    def check(_: object) -> None:
        made = recorder.one("Rollout").inputs
        assert made["steps"] == [{"weight": 0, "durationSeconds": 600, "pause": False}]
        beta, testers, _rest = recorder.one("VirtualService", SHARES).inputs["spec"]["http"]
        assert beta["match"] == [{"headers": {"x-beta": {"exact": "true"}}}]
        assert "tester=1" in testers["match"][0]["headers"]["cookie"]["regex"]
        assert len(beta["route"]) == len(testers["route"]) == 2

    return outputs, check


@component_test
def test_a_service_in_two_clusters_has_one_rollout():
    """Both routes take their weights from it, so that they go over together."""
    edits = plan() | {
        f"{CHECKOUT}.clusters": ["autopilot", "standard"],
        f"{CHECKOUT}.route": {},
    }
    edits.pop(f"{CHECKOUT}.route.weights")
    edits["security.calls[0]"] = {"from": "shop/payments", "to": "shop/checkout"}
    recorder, outputs = _composed(edits)

    def check(_: object) -> None:
        rollout = recorder.one("Rollout")
        routes = [r for r in recorder.of_type("VirtualService") if "checkout" in r.name]
        assert len(routes) == 2
        assert all(rollout.name in route.depends_on for route in routes)

    return outputs, check


@component_test
def test_machines_go_over_too():
    """The versions of a route outside the clusters are groups of VMs."""
    analysis = {"name": "errors", "query": "vector(0)", "max": 1}
    rollout = {"target": "pricing-next", "steps": [{"weight": 20}], "analyses": [analysis]}
    edits = {
        "mesh_routes[0].route": {"timeout_seconds": 5},
        "mesh_routes[0].versions": ["pricing", "pricing-next"],
        "mesh_routes[0].rollout": rollout,
        "metrics": {"google_project": "shop-metrics"},
    }
    recorder, outputs = _composed(edits, "hybrid")

    def check(_: object) -> None:
        assert recorder.one("Rollout").inputs["versions"] == ["pricing", "pricing-next"]
        (rule,) = recorder.one("HttpRoute").inputs["rules"]
        (destination,) = rule["action"]["destinations"]
        assert destination["weight"] == 100
        assert "pricing-next" in destination["serviceName"]

    return outputs, check


@component_test
def test_retries_of_machines_have_the_words_of_their_routes():
    """A spec that names no failures gets those that an HttpRoute knows."""
    recorder, outputs = _composed({"mesh_routes[0].route.retries": {"attempts": 2}}, "hybrid")

    def check(_: object) -> None:
        (rule,) = recorder.one("HttpRoute").inputs["rules"]
        assert rule["action"]["retryPolicy"]["numRetries"] == 2
        assert "connect-failure" in rule["action"]["retryPolicy"]["retryConditions"]

    return outputs, check
