"""Instance templates: they never change, and what they name must be there."""

from typing import Any

from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import ApiError, required
from meshwright_sandbox.core.service import Collection
from meshwright_sandbox.services.machines import images, metadata
from meshwright_sandbox.services.machines.disks import check_boot

Json = dict[str, Any]


def _check(call: Call, template: Json) -> None:
    properties = template.get("properties", {})
    if not properties.get("machineType"):
        raise _missing("machineType")
    if not properties.get("networkInterfaces"):
        raise _missing("networkInterfaces")
    _check_disks(call, properties.get("disks", []))
    items = properties.get("metadata", {}).get("items", [])
    metadata.check(items, "resource.properties.metadata")
    for account in properties.get("serviceAccounts", []):
        if not account.get("scopes"):
            raise _missing("serviceAccounts[0].scopes")


def _missing(field: str) -> ApiError:
    return required(f"resource.properties.{field}")


def _check_disks(call: Call, disks: list[Json]) -> None:
    check_boot(disks, "resource.properties.disks")
    for index, disk in enumerate(disks):
        image = disk.get("initializeParams", {}).get("sourceImage")
        if image:
            field = f"resource.properties.disks[{index}].initializeParams.sourceImage"
            images.named(call, image, field)


COLLECTIONS = (Collection("instanceTemplates", check=_check, labels=("properties.labels",)),)
METHODS = {
    "images.getFromFamily": images.from_family,
    "images.get": images.get,
    "images.list": images.list_,
}
