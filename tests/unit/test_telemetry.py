"""MeshTelemetry: access logs and traces, and their scope."""

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


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"access_log_providers": [], "access_log_filter": "true"}, "access_log_filter"),
        ({"tracing_providers": []}, "tracing_providers"),
        ({"tracing_sampling": 5}, "tracing_sampling"),
    ],
)
def test_contradictions_are_refused(change, path):
    """The error names the argument."""
    record()

    with pytest.raises(ArgumentError) as raised:
        MeshTelemetry("access", _args(**change))

    assert path in dict(raised.value.problems)
