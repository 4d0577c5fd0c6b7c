"""Calls for groups of machines, for tests of them and of what sends to them."""

from typing import Any

from tests.sandbox.server import finish
from tests.sandbox.vpc import REGION

ZONE = f"{REGION}-a"
DEBIAN = "projects/debian-cloud/global/images/family/debian-12"


class Machines:
    """Calls for one project's groups, each waited for."""

    def __init__(self, compute: Any, project: str, region: str = REGION) -> None:
        self.compute, self.project = compute, project
        self.place = {"project": project, "region": region}
        self.in_zone = {"project": project, "zone": ZONE}

    def make(self, collection: str, body: dict[str, Any], *, regional: bool = True) -> None:
        """Insert a resource and wait until it is there."""
        place = self.place if regional else {"project": self.project}
        started = getattr(self.compute, collection)().insert(**place, body=body).execute()
        self.wait(started, regional=regional)

    def wait(self, operation: dict[str, Any], *, regional: bool = True) -> None:
        """Return once an operation is done."""
        place = self.place if regional else {"project": self.project}
        name = "regionOperations" if regional else "globalOperations"
        ended = finish(getattr(self.compute, name)(), operation, **place)
        assert "error" not in ended, ended

    def template(self, name: str = "t1", **fields: Any) -> str:
        """An instance template; its link."""
        self.make("instanceTemplates", template(self.project, name, **fields), regional=False)
        return f"projects/{self.project}/global/instanceTemplates/{name}"

    def group(self, link: str, **fields: Any) -> None:
        """The group `web` of a template."""
        body = {"name": "web", "versions": [{"instanceTemplate": link}], "targetSize": 3}
        self.make("regionInstanceGroupManagers", body | fields)

    def manager(self) -> dict[str, Any]:
        """The group `web` as it is now."""
        managers = self.compute.regionInstanceGroupManagers()
        return managers.get(**self.place, instanceGroupManager="web").execute()

    def instances(self) -> list[dict[str, Any]]:
        """Every instance of the project."""
        found = self.compute.instances().aggregatedList(project=self.project).execute()
        return [i for scope in found["items"].values() for i in scope.get("instances", [])]

    def insert(self, **fields: Any) -> Any:
        """The request that makes the machine `vm`, unless the fields say another name."""
        query = {"sourceInstanceTemplate": fields.pop("sourceInstanceTemplate", None)}
        body = {"name": "vm"} | (fields if any(query.values()) else machine(self.project) | fields)
        return self.compute.instances().insert(**self.in_zone, body=body, **query)

    def single(self, **fields: Any) -> dict[str, Any]:
        """A machine alone, once it is made."""
        self.wait_in_zone(self.insert(**fields).execute())
        return self.instance(fields.get("name", "vm"))

    def instance(self, name: str = "vm") -> dict[str, Any]:
        """A machine alone as it is now."""
        return self.compute.instances().get(**self.in_zone, instance=name).execute()

    def turn(self, verb: str, name: str = "vm", **more: Any) -> dict[str, Any]:
        """Call a method of a machine, and wait; the machine as it is then."""
        call = getattr(self.compute.instances(), verb)
        self.wait_in_zone(call(**self.in_zone, instance=name, **more).execute())
        return self.instance(name)

    def remove(self, collection: str, **item: str) -> None:
        """Delete something of the zone and wait until it is gone."""
        call = getattr(self.compute, collection)().delete(**self.in_zone, **item)
        self.wait_in_zone(call.execute())

    def wait_in_zone(self, operation: dict[str, Any]) -> None:
        """Return once an operation of the zone is done."""
        ended = finish(self.compute.zoneOperations(), operation, **self.in_zone)
        assert "error" not in ended, ended

    def delete(self, collection: str, *, regional: bool = True, **item: str) -> None:
        """Delete a resource and wait until it is gone."""
        place = self.place if regional else {"project": self.project}
        started = getattr(self.compute, collection)().delete(**place, **item).execute()
        self.wait(started, regional=regional)


def template(project: str, name: str, **fields: Any) -> dict[str, Any]:
    """A template's body; `fields` change its properties."""
    properties = {
        "machineType": "e2-small",
        "disks": [{"boot": True, "initializeParams": {"sourceImage": DEBIAN}}],
        "networkInterfaces": [
            {"subnetwork": f"projects/{project}/regions/{REGION}/subnetworks/sub"}
        ],
        "metadata": {"items": [{"key": "enable-oslogin", "value": "TRUE"}]},
        "labels": {"gce-service-proxy": "on"},
    }
    return {"name": name, "properties": properties | fields}


def machine(project: str) -> dict[str, Any]:
    """The body of a machine alone."""
    properties = template(project, "vm")["properties"]
    return properties | {"machineType": f"zones/{ZONE}/machineTypes/{properties['machineType']}"}
