"""The load balancer before the gateways of several clusters, as staging has one."""

from tests.unit.test_composition_stacks import composed, in_cluster


def test_staging_has_one_front_door_before_both_regions():
    """Both clusters export the gateway; the load balancer stands in the config cluster alone."""
    recorder = composed("staging")
    for cluster in ("belgium", "finland"):
        exports = in_cluster(recorder, "ServiceExport", cluster)
        assert {item.inputs["metadata"]["name"] for item in exports} == {"public", "payments"}
    front = [
        item
        for item in recorder.of_type("Gateway")
        if item.type.startswith("kubernetes:gateway.networking.k8s.io")
    ]
    assert [(item.provider, item.inputs["spec"]["gatewayClassName"]) for item in front] == [
        ("belgium", "gke-l7-global-external-managed-mc")
    ]
    backends = {
        (backend["kind"], backend["name"])
        for route in recorder.of_type("HTTPRoute")
        for rule in route.inputs["spec"]["rules"]
        for backend in rule.get("backendRefs", [])
    }
    assert backends == {("ServiceImport", "public")}


def test_a_front_door_leads_to_a_gateway_that_the_config_cluster_does_not_run():
    """Google imports its Service there all the same."""
    recorder = composed("staging", {"gateways[0].clusters": ["finland"]})

    exports = {item.provider for item in recorder.of_type("ServiceExport")}
    backends = [
        (route.provider, backend["name"])
        for route in recorder.of_type("HTTPRoute")
        for rule in route.inputs["spec"]["rules"]
        for backend in rule.get("backendRefs", [])
    ]
    assert "finland" in exports
    assert backends == [("belgium", "public")]
