"""What sends to machines and to serverless services, as google-api-python-client sees it."""

import pytest
from googleapiclient.errors import HttpError

from tests.sandbox.machines import Machines


def test_a_backend_service_keeps_its_group_and_names_its_port(machines: Machines) -> None:
    """A group that is sent to stays; named ports are the group's."""
    machines.group(machines.template(), namedPorts=[{"name": "http", "port": 8080}])
    group = machines.manager()["instanceGroup"]
    body = {
        "name": "web",
        "loadBalancingScheme": "INTERNAL_SELF_MANAGED",
        "backends": [{"group": group, "balancingMode": "UTILIZATION"}],
    }
    machines.make("backendServices", body, regional=False)
    with pytest.raises(HttpError, match="is already being used by"):
        machines.delete("regionInstanceGroupManagers", instanceGroupManager="web")
    groups = machines.compute.regionInstanceGroups()
    ports = {"namedPorts": [{"name": "http", "port": 9090}]}

    machines.wait(groups.setNamedPorts(**machines.place, instanceGroup="web", body=ports).execute())

    assert machines.manager()["namedPorts"] == ports["namedPorts"]
    machines.delete("backendServices", regional=False, backendService="web")
    machines.delete("regionInstanceGroupManagers", instanceGroupManager="web")


def test_checks_and_backends_are_changed_in_place(machines: Machines) -> None:
    """A change keeps what it does not name; what it names must be there."""
    checks, backends = machines.compute.healthChecks(), machines.compute.backendServices()
    place = {"project": machines.project}
    check = {"name": "hc", "type": "HTTP", "httpHealthCheck": {"port": 80}, "timeoutSec": 3}
    machines.make("healthChecks", check, regional=False)
    link = checks.get(**place, healthCheck="hc").execute()["selfLink"]
    body = {"name": "bs", "loadBalancingScheme": "INTERNAL_SELF_MANAGED", "healthChecks": [link]}
    machines.make("backendServices", body, regional=False)

    change = {"httpHealthCheck": {"port": 81}}
    machines.wait(checks.patch(**place, healthCheck="hc", body=change).execute(), regional=False)
    started = backends.patch(**place, backendService="bs", body={"timeoutSec": 7}).execute()
    machines.wait(started, regional=False)

    shown = checks.get(**place, healthCheck="hc").execute()
    assert (shown["httpHealthCheck"]["port"], shown["timeoutSec"]) == (81, 3)
    backend = backends.get(**place, backendService="bs").execute()
    assert (backend["timeoutSec"], backend["healthChecks"]) == (7, [link])
    gone = {"healthChecks": [link.replace("/hc", "/gone")]}
    with pytest.raises(HttpError, match="gone' was not found"):
        backends.patch(**place, backendService="bs", body=gone).execute()


def test_a_serverless_service_is_a_backend_by_its_endpoint_group(machines: Machines) -> None:
    """The group names one service; a backend service names the group and keeps it."""
    groups = machines.compute.regionNetworkEndpointGroups()
    body = {
        "name": "run",
        "networkEndpointType": "SERVERLESS",
        "cloudRun": {"service": "checkout"},
    }
    for wrong, says in (
        ({"networkEndpointType": ""}, "networkEndpointType' not specified"),
        ({"cloudRun": {}}, "Exactly one of"),
        ({"cloudRun": {"service": "a", "urlMask": "b"}}, "Exactly one of"),
        ({"networkEndpointType": "GCE_VM_IP_PORT"}, "needs SERVERLESS"),
        ({"run": "x"}, "Cannot find field"),
    ):
        with pytest.raises(HttpError, match=says):
            groups.insert(**machines.place, body=body | wrong).execute()
    machines.make("regionNetworkEndpointGroups", body)
    link = groups.get(**machines.place, networkEndpointGroup="run").execute()["selfLink"]
    backend = {
        "name": "run",
        "loadBalancingScheme": "INTERNAL_SELF_MANAGED",
        "backends": [{"group": link}],
    }
    machines.make("backendServices", backend, regional=False)

    with pytest.raises(HttpError, match="is already being used by"):
        machines.delete("regionNetworkEndpointGroups", networkEndpointGroup="run")
    machines.delete("backendServices", regional=False, backendService="run")
    machines.delete("regionNetworkEndpointGroups", networkEndpointGroup="run")
