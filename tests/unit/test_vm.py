"""MeshVmGroup: machines that join a mesh, heal, grow, and are replaced in order."""

import json
import subprocess

import pulumi
import pytest

from meshwright import ArgumentError, MeshVmGroup
from tests.unit.recording import PROJECT_NUMBER, component_test, record
from tests.unit.vm_groups import ISTIO, SUBNET, arguments, template_of


@component_test
def test_proxies_are_told_their_mesh_and_what_they_serve():
    """The format is that of gcloud's own flag; a label marks the machines."""
    recorder = record()
    group = MeshVmGroup("stock", arguments(tracing=True, labels={"version": "v2"}, prefix="dev"))

    def check(mesh):
        assert mesh == "stock-mesh-id"
        made = recorder.one("Mesh").inputs
        assert (made["name"], made["location"]) == ("dev-stock", "global")
        template = template_of(recorder)
        config = json.loads(template["metadata"]["gce-service-proxy"])
        assert config["api-version"] == "0.2"
        assert config["proxy-spec"]["mesh"] == "stock-mesh-id"
        assert config["proxy-spec"]["project-number"] == PROJECT_NUMBER
        assert config["proxy-spec"]["proxy-port"] == made["interceptionPort"]
        assert config["proxy-spec"]["tracing"] == "ON"
        assert config["service"] == {"serving-ports": [8080]}
        assert config["labels"] == {"version": "v2"}
        assert "traffic-interception" not in config
        assert template["labels"] == {"version": "v2", "gce-service-proxy": "on"}
        (recipe,) = json.loads(template["metadata"]["gce-software-declaration"])["softwareRecipes"]
        assert recipe["desired_state"] == "INSTALLED"
        assert template["metadata"]["enable-osconfig"] == "true"

    return group.mesh, check


@component_test
def test_ports_are_whole_numbers_whatever_language_they_come_from():
    """A program in TypeScript sends 8080.0, which the machine's agent does not read as a port."""
    recorder = record()
    group = MeshVmGroup("stock", arguments(port=8080.0, proxy_port=15002.0))

    def check(_):
        config = template_of(recorder)["metadata"]["gce-service-proxy"]
        assert '"proxy-port": 15002,' in config
        assert '"serving-ports": [8080]' in config

    return group.mesh, check


@component_test
def test_machines_are_private_shielded_and_nobodys_but_their_own():
    """No public address, no project keys, and an account with what a proxy needs."""
    recorder = record()
    group = MeshVmGroup("stock", arguments())

    def check(account):
        assert account == "stock-vm@p1.iam.gserviceaccount.com"
        template = template_of(recorder)
        assert template["networkInterfaces"] == [{"subnetwork": SUBNET}]
        assert template["serviceAccount"]["email"] == account
        assert set(template["shieldedInstanceConfig"].values()) == {True}
        assert template["metadata"]["enable-oslogin"] == "TRUE"
        assert template["metadata"]["block-project-ssh-keys"] == "TRUE"
        roles = {item.inputs["role"] for item in recorder.of_type("IAMMember")}
        assert "roles/trafficdirector.client" in roles
        assert not [role for role in roles if role.endswith(("editor", "owner", "admin"))]
        assert recorder.one("InstanceTemplate").depends_on >= {
            item.name for item in recorder.of_type("IAMMember")
        }

    return group.service_account, check


def _name_of_template(**more: object) -> str:
    recorder = record()

    @pulumi.runtime.test
    def program():
        MeshVmGroup("stock", arguments(**more))

    program()
    return recorder.one("InstanceTemplate").inputs["name"]


def test_a_template_has_the_same_name_only_while_it_says_the_same():
    """Templates never change: a new one must be able to stand beside the old one."""
    first = _name_of_template()

    assert first.startswith("stock-")
    assert _name_of_template() == first
    changes = [
        {"machine_type": "e2-standard-4"},
        {"image": "projects/p/global/images/own-1"},
        {"startup_script": "#! /bin/sh\n"},
        {"port": 8081},
        {"labels": {"version": "v2"}},
        {"boot_disk_kms_key": "k"},
    ]
    names = {_name_of_template(**change) for change in changes}
    assert len(names) == len(changes)
    assert first not in names
    assert _name_of_template(max_replicas=9) == first


@component_test
def test_the_group_heals_grows_and_is_exchanged_without_losing_machines():
    """One health check serves healing and traffic; the autoscaler alone sets the size."""
    recorder = record()
    group = MeshVmGroup(
        "stock",
        arguments(
            zones=["europe-west1-b", "europe-west1-c"],
            min_replicas=3,
            max_replicas=9,
            target_cpu_percent=75,
            health_path="/healthz",
            initial_delay_seconds=90,
        ),
    )

    def check(values):
        assert values[1] == "stock-backend-id"
        made = recorder.one("RegionInstanceGroupManager")
        assert made.inputs["distributionPolicyZones"] == ["europe-west1-b", "europe-west1-c"]
        assert made.inputs["updatePolicy"] == {
            "type": "PROACTIVE",
            "minimalAction": "REPLACE",
            "maxSurgeFixed": 2,
            "maxUnavailableFixed": 0,
        }
        healing = made.inputs["autoHealingPolicies"]
        assert healing == {"healthCheck": "stock-health-id", "initialDelaySec": 90}
        assert "targetSize" not in made.inputs
        assert made.ignore_changes == ["targetSize"]
        health = recorder.one("HealthCheck").inputs
        assert health["httpHealthCheck"] == {"port": 8080, "requestPath": "/healthz"}
        scaler = recorder.one("RegionAutoscaler").inputs
        assert scaler["target"] == "stock-group-id"
        assert scaler["autoscalingPolicy"]["minReplicas"] == 3
        assert scaler["autoscalingPolicy"]["maxReplicas"] == 9
        assert scaler["autoscalingPolicy"]["cpuUtilization"] == {"target": 0.75}
        backend = recorder.one("BackendService").inputs
        assert backend["loadBalancingScheme"] == "INTERNAL_SELF_MANAGED"
        assert backend["healthChecks"] == "stock-health-id"
        assert backend["portName"] == made.inputs["namedPorts"][0]["name"]

    return pulumi.Output.all(group.instance_group, group.backend_service), check


@pytest.mark.parametrize(
    ("protocol", "block"),
    [
        ("HTTP", "httpHealthCheck"),
        ("HTTP2", "http2HealthCheck"),
        ("GRPC", "grpcHealthCheck"),
        ("TCP", "tcpHealthCheck"),
    ],
)
def test_health_is_asked_in_the_workloads_own_protocol(protocol, block):
    """One kind of check, and the backend service speaks the same."""
    recorder = record()

    @pulumi.runtime.test
    def program():
        MeshVmGroup("stock", arguments(protocol=protocol))

    program()
    checks = [key for key in recorder.one("HealthCheck").inputs if key.endswith("HealthCheck")]
    assert checks == [block]
    assert recorder.one("BackendService").inputs["protocol"] == protocol


@component_test
def test_a_mesh_that_is_there_is_joined():
    """Two groups are one mesh; an account that is given gets nothing here."""
    recorder = record()
    mesh = "projects/p1/locations/global/meshes/shop"
    group = MeshVmGroup(
        "stock",
        arguments(
            mesh=mesh,
            service_account="vm@p1.iam.gserviceaccount.com",
            project_number="42",
            intercept_all_outbound=True,
            enable_api=False,
        ),
    )

    def check(joined):
        assert joined == mesh
        assert recorder.of_type("Mesh") == recorder.of_type("Account") == []
        assert recorder.of_type("IAMMember") == []
        assert [item for item in recorder.registrations if "projects/service" in item.type] == []
        config = json.loads(template_of(recorder)["metadata"]["gce-service-proxy"])
        assert config["proxy-spec"]["mesh"] == "shop"
        assert config["proxy-spec"]["project-number"] == "42"
        assert config["traffic-interception"] == {"intercept-all-outbound": True}

    return group.mesh, check


def test_an_access_log_that_is_to_be_sent_is_read_by_the_ops_agent():
    """Where the proxy writes it; the script is shell as it stands, if it is asked for."""
    recorder = record()

    @pulumi.runtime.test
    def program():
        MeshVmGroup("stock", arguments(access_logs=True))

    program()
    metadata = template_of(recorder)["metadata"]
    written = json.loads(metadata["gce-service-proxy"])["proxy-spec"]["access-log"]
    recipes = json.loads(metadata["gce-software-declaration"])["softwareRecipes"]
    script = recipes[1]["installSteps"][0]["scriptRun"]["script"]
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)
    config = json.loads(script.partition("<<'CONFIG'\n")[2].partition("\nCONFIG")[0])["logging"]
    (pipeline,) = config["service"]["pipelines"].values()
    (receiver,) = pipeline["receivers"]
    assert receiver == "envoy-access"
    assert config["receivers"][receiver] == {"type": "files", "include_paths": [written]}
    assert [config["processors"][name] for name in pipeline["processors"]] == [
        {"type": "parse_json"}
    ]


@component_test
def test_groups_of_other_regions_stand_behind_one_backend_service():
    """Callers keep their machine by an affinity that hashes, the only kind that is kept."""
    recorder = record()
    other = "projects/p1/regions/us-east1/instanceGroups/stock-us"
    sticky = {"cookie": "shop", "ttl": "1h"}
    group = MeshVmGroup("stock", arguments(failover_groups=[other], sticky=sticky))

    def check(_):
        backend = recorder.one("BackendService").inputs
        _own, second = backend["backends"]
        assert second["group"] == other
        assert (backend["localityLbPolicy"], backend["sessionAffinity"]) == (
            "RING_HASH", "HTTP_COOKIE",
        )  # fmt: skip
        cookie = {"name": "shop", "path": "/", "ttl": {"seconds": 3600}}
        assert backend["consistentHash"] == {"httpCookie": cookie}

    return group.instance_group, check


@pytest.mark.parametrize(
    ("change", "path", "says"),
    [
        ({"region": "europe-west1-b"}, "region", "a zone; name its region"),
        ({"region": "Europe"}, "region", "no region"),
        ({"zones": []}, "zones", "is empty"),
        ({"zones": ["europe-west1-b"] * 2}, "zones", "named twice"),
        ({"zones": ["europe-west4-b"]}, "zones[0]", "not a zone of europe-west1"),
        ({"port": 0}, "port", "1 to 65535"),
        ({"port": "8080"}, "port", "must be a whole number"),
        ({"port": 15001}, "port", "the proxy's own port"),
        ({"proxy_port": 70000}, "proxy_port", "1 to 65535"),
        ({"protocol": "HTTPS"}, "protocol", "did you mean"),
        ({"protocol": "TCP", "health_path": "/"}, "health_path", "TCP has no paths"),
        ({"health_path": "healthz"}, "health_path", "begin with `/`"),
        ({"min_replicas": 7}, "max_replicas", "6 is below min_replicas, 7"),
        ({"min_replicas": -1}, "min_replicas", "0 to 2000"),
        ({"target_cpu_percent": 0}, "target_cpu_percent", "1 to 100"),
        ({"initial_delay_seconds": 4000}, "initial_delay_seconds", "0 to 3600"),
        ({"disk_size_gb": 5}, "disk_size_gb", "too small"),
        ({"mode": "workload"}, "mode", "did you mean 'workload-group'"),
        ({"mode": "workload-group"}, "workload_group", "missing"),
        ({"workload_group": ISTIO}, "workload_group", "only taken with"),
        (
            {"mode": "workload-group", "workload_group": ISTIO, "mesh": "m"},
            "mesh",
            "`service-proxy`",
        ),
        ({"workload_group": {"namespace": "a"}}, "workload_group.istio_version", "missing"),
        ({"sticky": {}}, "sticky", "exactly one of"),
        ({"sticky": {"header": "a", "source_ip": True}}, "sticky", "exactly one of"),
        ({"sticky": {"header": "a", "ttl": "1h"}}, "sticky.ttl", "is a cookie's"),
        ({"sticky": {"cookie": "a", "ttl": "long"}}, "sticky.ttl", "not a duration"),
        ({"sticky": {"cookie": "a", "ttl": "500ms"}}, "sticky.ttl", "whole number of seconds"),
        ({"sticky": {"cookie": "a"}, "protocol": "GRPC"}, "sticky.cookie", "use a header"),
        ({"sticky": {"header": "a"}, "protocol": "TCP"}, "sticky.header", "use source_ip"),
        ({"ports": [1]}, "ports", "did you mean `port`"),
        ({"prefix": "x" * 50}, "name", "1 to 54 are allowed"),
        ({"prefix": "x" * 40}, "name", "6 to 30 are allowed"),
    ],
)
def test_wrong_arguments_are_refused_at_once(change, path, says):
    """The error names the argument and its mend, before anything is registered."""
    recorder = record()

    with pytest.raises(ArgumentError) as raised:
        MeshVmGroup("stock", arguments(**change))

    assert says in dict(raised.value.problems)[path]
    assert recorder.registrations == []


def test_every_mistake_is_told_at_once():
    """Nobody mends one to find the next."""
    record()

    with pytest.raises(ArgumentError) as raised:
        MeshVmGroup("stock", arguments(region="x", port=0, protocol="FTP", min_replicas=9))

    paths = {path for path, _ in raised.value.problems}
    assert paths == {"region", "port", "protocol", "max_replicas"}


@pytest.mark.parametrize("more", [{}, {"mode": "workload-group", "workload_group": ISTIO}])
def test_what_machines_run_at_start_is_shell(more):
    """A script that no shell can read would show only on the machine."""
    recorder = record()

    @pulumi.runtime.test
    def program():
        MeshVmGroup("stock", arguments(**more))

    program()
    metadata = template_of(recorder)["metadata"]
    scripts = [metadata["startup-script"]] if "startup-script" in metadata else []
    if "gce-software-declaration" in metadata:
        (recipe,) = json.loads(metadata["gce-software-declaration"])["softwareRecipes"]
        scripts += [step["scriptRun"]["script"] for step in recipe["installSteps"]]
    assert len(scripts) == 1
    assert scripts[0].startswith("#! /bin/bash\n")
    subprocess.run(["bash", "-n"], input=scripts[0], text=True, check=True)
