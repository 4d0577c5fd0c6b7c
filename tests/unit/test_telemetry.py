"""MeshTelemetry: access logs and traces, and their scope."""

import pulumi
import pytest

from meshwright import ArgumentError, MeshTelemetry, MeshTelemetryArgs
from tests.unit.recording import component_test, record


def _args(**more: object) -> MeshTelemetryArgs:
    return more  # type: ignore[return-value]


@component_test
def test_by_default_every_call_in_the_mesh_is_logged():
    """One object in the root namespace, provider `envoy`."""
    recorder = record()

    telemetry = MeshTelemetry("access", _args(revision="asm-managed"))

    def check(name):
        assert name == "istio-system/access"
        made = recorder.one("Telemetry").inputs
        assert made["apiVersion"] == "telemetry.istio.io/v1"
        assert made["metadata"] == {
            "name": "access",
            "namespace": "istio-system",
            "annotations": {"meshwright/mesh-revision": "asm-managed"},
        }
        assert made["spec"] == {"accessLogging": [{"providers": [{"name": "envoy"}]}]}

    return telemetry.telemetry, check


@component_test
def test_scope_filter_and_traces_can_be_chosen():
    """Some workloads of a namespace, errors only, traces to Cloud Trace."""
    recorder = record()

    telemetry = MeshTelemetry(
        "access",
        _args(
            namespace="shop",
            workload={"app": "checkout"},
            access_log_providers=["envoy", "stackdriver"],
            access_log_filter="response.code >= 400",
            tracing_providers=["stackdriver"],
        ),
    )

    def check(_):
        assert recorder.one("Telemetry").inputs["spec"] == {
            "selector": {"matchLabels": {"app": "checkout"}},
            "accessLogging": [
                {
                    "providers": [{"name": "envoy"}, {"name": "stackdriver"}],
                    "filter": {"expression": "response.code >= 400"},
                }
            ],
            "tracing": [{"providers": [{"name": "stackdriver"}]}],
        }

    return telemetry.telemetry, check


@component_test
def test_no_provider_switches_the_logs_off():
    """An empty list is a decision, not an oversight."""
    recorder = record()

    telemetry = MeshTelemetry("quiet", _args(access_log_providers=[]))

    def check(_):
        assert recorder.one("Telemetry").inputs["spec"] == {"accessLogging": [{"disabled": True}]}

    return telemetry.telemetry, check


@component_test
def test_a_part_of_the_mesh_says_only_what_is_different():
    """Sampling and tags of a namespace; its logs stay the mesh's."""
    recorder = record()

    telemetry = MeshTelemetry(
        "traced",
        _args(
            namespace="shop",
            tracing_sampling_percent=5,
            tracing_tags=[
                {"name": "site", "literal": "eu"},
                {"name": "tenant", "header": "x-tenant"},
                {"name": "node", "environment": "NODE_NAME"},
            ],
        ),
    )

    def check(_):
        assert recorder.one("Telemetry").inputs["spec"] == {
            "tracing": [
                {
                    "randomSamplingPercentage": 5,
                    "customTags": {
                        "site": {"literal": {"value": "eu"}},
                        "tenant": {"header": {"name": "x-tenant"}},
                        "node": {"environment": {"name": "NODE_NAME"}},
                    },
                }
            ]
        }

    return telemetry.telemetry, check


@component_test
def test_metrics_are_chosen_and_read():
    """Labels that cost are left out, and Google's Prometheus reads proxies and istiod."""
    recorder = record()
    overrides = [
        {"metric": "REQUEST_SIZE", "disabled": True},
        {
            "metric": "REQUEST_COUNT",
            "mode": "SERVER",
            "tags": {"host": "request.host"},
            "remove_tags": ["request_protocol"],
        },
    ]

    telemetry = MeshTelemetry(
        "metrics",
        _args(metric_providers=["prometheus"], metric_overrides=overrides, managed_prometheus=True),
    )
    consumer = pulumi.CustomResource("test:index:Reader", "reader", {"x": telemetry.telemetry})

    def check(_):
        (metrics,) = recorder.one("Telemetry").inputs["spec"]["metrics"]
        assert metrics == {
            "providers": [{"name": "prometheus"}],
            "overrides": [
                {
                    "match": {"metric": "REQUEST_SIZE", "mode": "CLIENT_AND_SERVER"},
                    "disabled": True,
                },
                {
                    "match": {"metric": "REQUEST_COUNT", "mode": "SERVER"},
                    "tagOverrides": {
                        "host": {"operation": "UPSERT", "value": "request.host"},
                        "request_protocol": {"operation": "REMOVE"},
                    },
                },
            ],
        }
        proxies = recorder.one("ClusterPodMonitoring", "metrics-proxy-metrics").inputs
        assert proxies["metadata"] == {"name": "metrics-proxies"}
        (endpoint,) = proxies["spec"]["endpoints"]
        assert endpoint["port"] == "http-envoy-prom"
        assert endpoint["metricRelabeling"][0]["regex"] == "istio_.*"
        istiod = recorder.one("ClusterPodMonitoring", "metrics-istiod-metrics").inputs
        assert istiod["spec"]["selector"] == {"matchLabels": {"app": "istiod"}}
        assert "metrics-proxy-metrics" in recorder.one("Reader").depends_on

    return consumer.urn, check


_OVERRIDE = {"metric": "REQUEST_COUNT", "disabled": True}
_READ = {"metric_providers": ["prometheus"]}


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"access_log_providers": [], "access_log_filter": "true"}, "access_log_filter"),
        ({"tracing_providers": []}, "tracing_providers"),
        ({"tracing_sampling": 5}, "tracing_sampling"),
        ({"tracing_sampling_percent": 101}, "tracing_sampling_percent"),
        ({"tracing_tags": [{"name": "a"}]}, "tracing_tags[0]"),
        ({"tracing_tags": [{"name": "a", "literal": "x", "header": "y"}]}, "tracing_tags[0]"),
        ({"tracing_tags": [{"name": "a", "literal": "x"}] * 2}, "tracing_tags"),
        ({"metric_providers": []}, "metric_providers"),
        ({"metric_overrides": [_OVERRIDE]}, "metric_overrides"),
        (
            {**_READ, "metric_overrides": [{"metric": "requests", "disabled": True}]},
            "metric_overrides[0].metric",
        ),
        (
            {**_READ, "metric_overrides": [{**_OVERRIDE, "mode": "BOTH"}]},
            "metric_overrides[0].mode",
        ),
        ({**_READ, "metric_overrides": [{"metric": "REQUEST_COUNT"}]}, "metric_overrides[0]"),
        ({"namespace": "shop"}, "access_log_providers"),
        ({"namespace": "shop", "access_log_filter": "true"}, "access_log_filter"),
        (
            {"namespace": "shop", "tracing_providers": ["x"], "managed_prometheus": True},
            "managed_prometheus",
        ),
    ],
)
def test_contradictions_are_refused(change, path):
    """The error names the argument."""
    record()

    with pytest.raises(ArgumentError) as raised:
        MeshTelemetry("access", _args(**change))

    assert path in dict(raised.value.problems)
