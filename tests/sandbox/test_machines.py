"""Templates, managed groups and autoscalers, as google-api-python-client sees them."""

import re
from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.sandbox.conftest import GoogleClients
from tests.sandbox.machines import DEBIAN, Machines, template
from tests.sandbox.server import Sandbox, finish
from tests.sandbox.vpc import REGION, make_subnetwork


def test_a_family_is_its_newest_image(compute: Any) -> None:
    """Public projects have families; an unknown one is not found."""
    image = compute.images().getFromFamily(project="debian-cloud", family="debian-12").execute()

    assert image["family"] == "debian-12"
    assert compute.images().get(project="debian-cloud", image=image["name"]).execute() == image
    with pytest.raises(HttpError, match="family/debian-99' was not found"):
        compute.images().getFromFamily(project="debian-cloud", family="debian-99").execute()


@pytest.mark.parametrize(("owner", "images"), [("debian-cloud", 3), ("windows-cloud", 0)])
def test_a_public_projects_images_are_listed(compute: Any, owner: str, images: int) -> None:
    """`gcloud compute images list` asks each of Google's projects, whose APIs nobody enables."""
    listed = compute.images().list(project=owner).execute().get("items", [])

    assert len(listed) == images
    assert all(compute.images().get(project=owner, image=i["name"]).execute() == i for i in listed)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"machineType": ""}, "machineType' not specified"),
        ({"networkInterfaces": []}, "networkInterfaces' not specified"),
        (
            {"networkInterfaces": [{"subnetwork": "regions/us-central1/subnetworks/x"}]},
            "not found",
        ),
        ({"disks": []}, "Boot disk must be specified"),
        (
            {
                "disks": [
                    {"boot": True, "initializeParams": {"sourceImage": DEBIAN.replace("12", "99")}}
                ]
            },
            "debian-99' was not found",
        ),
        ({"disks": [{"boot": True, "initializeParams": {"sourceImage": "x"}}]}, "malformed"),
        ({"metadata": {"items": [{"key": "a", "value": "1"}] * 2}}, "Duplicate key"),
        ({"metadata": {"items": [{"key": "a", "value": "x" * 262145}]}}, "too large"),
        ({"serviceAccounts": [{"email": "a@b.iam.gserviceaccount.com"}]}, "scopes' not specified"),
        ({"mashineType": "e2-small"}, "Cannot find field"),
    ],
)
def test_a_template_that_no_instance_could_start_from_is_refused(
    machines: Machines, fields: dict[str, Any], says: str
) -> None:
    """What a template says is checked when it is made, since it never changes."""
    insert = machines.compute.instanceTemplates().insert

    with pytest.raises(HttpError, match=says):
        insert(project=machines.project, body=template(machines.project, "t", **fields)).execute()


def test_a_group_keeps_as_many_instances_as_it_is_told(machines: Machines) -> None:
    """They are spread over three zones, have addresses of the subnetwork, and follow a resize."""
    machines.group(machines.template())

    made = machines.instances()
    assert len({i["zone"] for i in made}) == len(made) == 3
    assert all(re.fullmatch(r"web-[0-9a-z]{4}", i["name"]) for i in made)
    assert {i["status"] for i in made} == {"RUNNING"}
    assert len({i["networkInterfaces"][0]["networkIP"] for i in made}) == 3
    assert made[0]["labels"] == {"gce-service-proxy": "on"}
    assert machines.manager()["status"]["isStable"] is True
    managers = machines.compute.regionInstanceGroupManagers()
    place = machines.place | {"instanceGroupManager": "web"}
    managed = managers.listManagedInstances(**place).execute()["managedInstances"]
    assert {m["instance"] for m in managed} == {i["selfLink"] for i in made}

    machines.wait(managers.resize(**place, size=5).execute())
    with pytest.raises(HttpError, match=r"'size': '-1'. Must be within the range \[0, 4000\]"):
        managers.resize(**place, size=-1).execute()

    assert len(machines.instances()) == 5
    assert {i["name"] for i in made} < {i["name"] for i in machines.instances()}
    groups = machines.compute.regionInstanceGroups()
    assert groups.get(**machines.place, instanceGroup="web").execute()["size"] == 5
    machines.delete("regionInstanceGroupManagers", instanceGroupManager="web")
    assert machines.instances() == []
    with pytest.raises(HttpError, match="was not found"):
        groups.get(**machines.place, instanceGroup="web").execute()


def test_a_group_has_no_more_instances_than_its_subnetwork_addresses(machines: Machines) -> None:
    """Of the eight addresses of a /29 Google keeps four."""
    net = f"projects/{machines.project}/global/networks/net"
    small = make_subnetwork(
        machines.compute, machines.project, net, name="small", ipCidrRange="10.9.0.0/29"
    )
    link = machines.template(networkInterfaces=[{"subnetwork": small}])
    body = {"name": "web", "versions": [{"instanceTemplate": link}], "targetSize": 5}

    managers = machines.compute.regionInstanceGroupManagers()
    started = managers.insert(**machines.place, body=body).execute()
    ended = finish(machines.compute.regionOperations(), started, **machines.place)

    [error] = ended["error"]["errors"]
    assert error["message"].endswith("/subnetworks/small' is exhausted.")
    assert machines.instances() == []
    machines.group(link, targetSize=4)
    assert len({i["networkInterfaces"][0]["networkIP"] for i in machines.instances()}) == 4


def test_a_new_template_replaces_every_instance(machines: Machines) -> None:
    """A template in use stays; one that is used no longer may go."""
    machines.group(machines.template())
    before = {i["name"] for i in machines.instances()}
    second = machines.template("t2", machineType="e2-medium")
    managers = machines.compute.regionInstanceGroupManagers()
    gone = {"versions": [{"instanceTemplate": second.replace("t2", "gone")}]}
    with pytest.raises(HttpError, match="gone' was not found"):
        managers.patch(**machines.place, instanceGroupManager="web", body=gone).execute()
    body = {"versions": [{"instanceTemplate": second}]}
    machines.wait(managers.patch(**machines.place, instanceGroupManager="web", body=body).execute())

    place = {"project": machines.project, "instanceTemplate": "t2"}
    shown = machines.compute.instanceTemplates().get(**place).execute()["properties"]
    assert shown["machineType"] == "e2-medium"
    after = machines.instances()
    assert before.isdisjoint(i["name"] for i in after)
    assert {i["machineType"].rpartition("/")[2] for i in after} == {"e2-medium"}
    machines.delete("instanceTemplates", regional=False, instanceTemplate="t1")
    with pytest.raises(HttpError, match="is already being used by"):
        machines.delete("instanceTemplates", regional=False, instanceTemplate="t2")


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"versions": [{"instanceTemplate": "global/instanceTemplates/gone"}]}, "was not found"),
        ({"targetSize": 2147483647}, "within the range .0, 4000."),
        ({"targetSize": -1}, "within the range .0, 4000."),
        ({"versions": []}, "instanceTemplate' not specified"),
        ({"versions": [{"name": "v1"}]}, "versions.0..instanceTemplate' not specified"),
        ({"distributionPolicy": {"zones": [{"zone": "zones/us-east1-b"}]}}, "not in the region"),
        ({"distributionPolicy": {"zones": [{}]}}, "not in the region"),
        ({"updatePolicy": {"maxSurge": {"fixed": 1}}}, "equal to the number of zones"),
        ({"autoHealingPolicies": [{"healthCheck": "global/healthChecks/gone"}]}, "was not found"),
        ({"size": 3}, "Cannot find field"),
    ],
)
def test_a_group_that_could_not_be_filled_is_refused(
    machines: Machines, fields: dict[str, Any], says: str
) -> None:
    """Nothing is left of it."""
    link = machines.template()

    with pytest.raises(HttpError, match=says):
        machines.group(link, **fields)

    assert "items" not in machines.compute.regionInstanceGroups().list(**machines.place).execute()


def test_a_groups_policies_stay_where_a_change_says_nothing_of_them(
    machines: Machines, google: GoogleClients
) -> None:
    """By the beta's PUT, too."""
    link = machines.template()
    machines.group(link, updatePolicy={"maxSurge": {"fixed": 6}})
    before = machines.manager()

    managers = google("compute", "beta").regionInstanceGroupManagers()
    body = {"name": "web", "versions": [{"instanceTemplate": link}], "targetSize": 6}
    request = managers.update(**machines.place, instanceGroupManager="web", body=body)
    machines.wait(request.execute())

    after = machines.manager()
    assert after["targetSize"] == 6
    for policy in ("updatePolicy", "distributionPolicy"):
        assert after[policy] == before[policy]


def test_a_group_whose_creation_failed_leaves_nothing(machines: Machines, sandbox: Sandbox) -> None:
    """Neither its other side nor a machine stays, and the name is free again."""
    link = machines.template()
    body = {"name": "web", "versions": [{"instanceTemplate": link}], "targetSize": 3}
    sandbox.fault("POST", "/instanceGroupManagers$", "operation-error")
    started = machines.compute.regionInstanceGroupManagers().insert(**machines.place, body=body)

    ended = finish(machines.compute.regionOperations(), started.execute(), **machines.place)

    assert "error" in ended
    assert machines.instances() == []
    assert "items" not in machines.compute.regionInstanceGroups().list(**machines.place).execute()
    machines.group(link)
    assert len(machines.instances()) == 3


def test_instances_run_as_accounts_that_exist(machines: Machines) -> None:
    """An account that was never made is named in the refusal."""
    email = f"gone@{machines.project}.iam.gserviceaccount.com"
    scopes = ["https://www.googleapis.com/auth/cloud-platform"]
    link = machines.template(serviceAccounts=[{"email": email, "scopes": scopes}])

    with pytest.raises(HttpError, match=f"{email}' of type 'serviceAccount' was not found"):
        machines.group(link)


def test_an_autoscaler_holds_its_group_within_bounds(machines: Machines) -> None:
    """It raises the group to its minimum, follows a change, and goes before the group."""
    machines.group(machines.template(), targetSize=0)
    policy = {
        "minNumReplicas": 2,
        "maxNumReplicas": 6,
        "cpuUtilization": {"utilizationTarget": 0.6},
    }
    target = f"projects/{machines.project}/regions/{REGION}/instanceGroupManagers/web"
    body = {"name": "web", "target": target, "autoscalingPolicy": policy}
    machines.make("regionAutoscalers", body)
    assert machines.manager()["targetSize"] == len(machines.instances()) == 2
    scalers = machines.compute.regionAutoscalers()
    assert scalers.get(**machines.place, autoscaler="web").execute()["status"] == "ACTIVE"

    more = {"autoscalingPolicy": policy | {"minNumReplicas": 4}}
    machines.wait(scalers.patch(**machines.place, autoscaler="web", body=more).execute())

    assert len(machines.instances()) == 4
    with pytest.raises(HttpError, match="is already being used by"):
        machines.delete("regionInstanceGroupManagers", instanceGroupManager="web")
    machines.delete("regionAutoscalers", autoscaler="web")
    machines.delete("regionInstanceGroupManagers", instanceGroupManager="web")


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"target": "regions/us-central1/instanceGroupManagers/gone"}, "was not found"),
        ({"autoscalingPolicy": {"minNumReplicas": 3, "maxNumReplicas": 2}}, "Must be greater"),
        ({"autoscalingPolicy": {"minNumReplicas": 3}}, "maxNumReplicas' not specified"),
        ({"autoscalingPolicy": None}, "maxNumReplicas' not specified"),
        ({"autoscalingPolicy": {"maxNumReplicas": 4001}}, "within the range .0, 4000."),
        (
            {
                "autoscalingPolicy": {
                    "maxNumReplicas": 2,
                    "cpuUtilization": {"utilizationTarget": 60},
                }
            },
            "within",
        ),
        ({"policy": "x"}, "Cannot find field"),
    ],
)
def test_an_autoscaler_without_sense_is_refused(
    machines: Machines, fields: dict[str, Any], says: str
) -> None:
    """Bounds and targets are checked at once."""
    machines.group(machines.template(), targetSize=0)
    target = f"projects/{machines.project}/regions/{REGION}/instanceGroupManagers/web"
    body = {"name": "web", "target": target, "autoscalingPolicy": {"maxNumReplicas": 2}}

    with pytest.raises(HttpError, match=says):
        machines.make("regionAutoscalers", body | fields)


def test_a_subnetwork_with_machines_stays(machines: Machines) -> None:
    """Template and instances are in its way."""
    machines.group(machines.template())

    with pytest.raises(HttpError, match="is already being used by"):
        machines.delete("subnetworks", subnetwork="sub")


def test_a_template_may_be_named_by_its_id(machines: Machines) -> None:
    """The provider does so for a template's unique link, to see one that was made anew."""
    link = machines.template()
    templates = machines.compute.instanceTemplates()
    made = templates.get(project=machines.project, instanceTemplate="t1").execute()

    machines.group(f"{link.rpartition('/')[0]}/{made['id']}")

    assert machines.manager()["instanceTemplate"] == made["selfLink"]
    assert len(machines.instances()) == 3
    with pytest.raises(HttpError, match="already being used"):
        templates.delete(project=machines.project, instanceTemplate="t1").execute()
    with pytest.raises(HttpError, match="was not found"):
        machines.group(f"{link.rpartition('/')[0]}/1234", name="other")


def test_a_group_of_one_zone_keeps_its_instances_there(machines: Machines) -> None:
    """It reads back without what was sent empty, and its other side can be load balanced to."""
    managers, zone = machines.compute.instanceGroupManagers(), f"{machines.place['region']}-b"
    place = {"project": machines.project, "zone": zone}
    operations = machines.compute.zoneOperations()
    body = {
        "name": "web",
        "versions": [{"instanceTemplate": machines.template()}],
        "targetSize": 2,
        "resourcePolicies": {},
        "namedPorts": [{"name": "http", "port": 80}],
    }

    assert "error" not in finish(operations, managers.insert(**place, body=body).execute(), **place)

    read = managers.get(**place, instanceGroupManager="web").execute()
    assert "resourcePolicies" not in read
    assert read["status"]["isStable"] is True
    assert [i["zone"].rpartition("/")[2] for i in machines.instances()] == [zone, zone]
    groups = machines.compute.instanceGroups()
    group = groups.get(**place, instanceGroup="web").execute()
    assert (group["selfLink"], group["size"]) == (read["instanceGroup"], 2)
    ports = {"namedPorts": [{"name": "http", "port": 81}]}
    groups.setNamedPorts(**place, instanceGroup="web", body=ports).execute()
    read = managers.get(**place, instanceGroupManager="web").execute()
    assert read["namedPorts"] == ports["namedPorts"]
    scalers, policy = machines.compute.autoscalers(), {"minNumReplicas": 3, "maxNumReplicas": 4}
    body = {"name": "web", "target": read["selfLink"], "autoscalingPolicy": policy}
    finish(operations, scalers.insert(**place, body=body).execute(), **place)
    assert len(machines.instances()) == 3
    finish(operations, scalers.delete(**place, autoscaler="web").execute(), **place)
    finish(operations, managers.delete(**place, instanceGroupManager="web").execute(), **place)
    assert machines.instances() == []
