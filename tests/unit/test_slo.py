"""MeshSlo: which calls are counted, and which of them are good."""

import pulumi
import pytest

from meshwright import ArgumentError, MeshSlo, MeshSloArgs
from tests.unit.recording import component_test, record


def _args(**more: object) -> MeshSloArgs:
    given = {"project": "p1", "namespace": "shop", "service": "cart", "goal": 0.999}
    return {**given, **more}  # type: ignore[typeddict-item]


@component_test
def test_a_promise_to_answer_counts_calls_and_errors_of_the_one_service():
    """Counted where the calls arrive, in the mesh that is named."""
    recorder = record()

    slo = MeshSlo("cart", _args(mesh_id="proj-7", prefix="prod", labels={"team": "shop"}))

    def check(values):
        name = "projects/p1/services/prod-cart/serviceLevelObjectives/prod-cart"
        assert values == [name, "prod-cart"]
        service = recorder.one("CustomService").inputs
        assert service["displayName"] == "shop/cart"
        assert service["userLabels"] == {"team": "shop"}
        made = recorder.one("Slo").inputs
        assert (made["goal"], made["rollingPeriodDays"]) == (0.999, 28)
        assert made["displayName"] == "99.9% of calls to shop/cart are answered without an error"
        ratio = made["requestBasedSli"]["goodTotalRatio"]
        total = ratio["totalServiceFilter"].split(" AND ")
        assert total == [
            'metric.type="istio.io/service/server/request_count"',
            'resource.type="istio_canonical_service"',
            'resource.labels.mesh_uid="proj-7"',
            'resource.labels.namespace_name="shop"',
            'resource.labels.canonical_service_name="cart"',
        ]
        bad = ratio["badServiceFilter"].split(" AND ")
        assert bad == [*total, "metric.labels.response_code>=500"]

    return pulumi.Output.all(slo.slo_id, slo.monitored_service), check


@component_test
def test_a_promise_to_be_fast_cuts_the_latencies():
    """By Istio's own metrics, and for a service that is watched already."""
    recorder = record()

    slo = MeshSlo(
        "fast",
        _args(
            latency_ms=300,
            goal=0.95,
            rolling_days=7,
            metrics="prometheus",
            monitored_service="cart",
        ),
    )

    def check(name):
        assert name == "projects/p1/services/cart/serviceLevelObjectives/fast"
        assert recorder.of_type("CustomService") == []
        made = recorder.one("Slo").inputs
        assert made["displayName"] == "95% of calls to shop/cart are answered within 300 ms"
        assert made["rollingPeriodDays"] == 7
        cut = made["requestBasedSli"]["distributionCut"]
        assert cut["range"] == {"min": 0, "max": 300}
        assert "istio_request_duration_milliseconds/histogram" in cut["distributionFilter"]
        assert 'metric.labels.destination_canonical_service="cart"' in cut["distributionFilter"]
        assert "mesh_uid" not in cut["distributionFilter"]

    return slo.slo_id, check


@pytest.mark.parametrize(
    ("change", "path", "says"),
    [
        ({"goal": 99.9}, "goal", "write 0.999 for 99.9%"),
        ({"goal": 0}, "goal", "above 0"),
        ({"goal": 0.99999}, "goal", "at most 0.9999"),
        ({"goal": "0.99"}, "goal", "must be a number, not text"),
        ({"goal": float("nan")}, "goal", "above 0"),
        ({"rolling_days": 31}, "rolling_days", "1 to 30"),
        ({"latency_ms": 0}, "latency_ms", "less than 1"),
        ({"metrics": "prometeus"}, "metrics", "did you mean 'prometheus'?"),
        ({"metrics": "prometheus", "mesh_id": "m"}, "mesh_id", "do not name the mesh"),
        ({"service": None}, "service", "missing"),
        ({"service": 'a" OR "'}, "service", "no label's value"),
        ({"namespace": "Shop"}, "namespace", "inner hyphens"),
        ({"prefix": "Prod"}, "name", "lower-case"),
    ],
)
def test_wrong_arguments_are_refused(change, path, says):
    """The error names the argument and its mend."""
    record()

    with pytest.raises(ArgumentError) as raised:
        MeshSlo("cart", _args(**change))

    assert says in dict(raised.value.problems)[path]
