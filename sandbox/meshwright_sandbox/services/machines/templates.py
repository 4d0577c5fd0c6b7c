"""Instance templates: they never change, and what they name must be there."""

from typing import Any

from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import ApiError, invalid
from meshwright_sandbox.core.service import Collection
from meshwright_sandbox.services.machines import images

Json = dict[str, Any]
# https://cloud.google.com/compute/docs/metadata/setting-custom-metadata#limitations
_METADATA_VALUE_BYTES = 256 * 1024
_METADATA_BYTES = 512 * 1024


def _check(call: Call, template: Json) -> None:
    properties = template.get("properties", {})
    if not properties.get("machineType"):
        raise _missing("machineType")
    if not properties.get("networkInterfaces"):
        raise _missing("networkInterfaces")
    _check_disks(call, properties.get("disks", []))
    _check_metadata(properties.get("metadata", {}).get("items", []))
    for account in properties.get("serviceAccounts", []):
        if not account.get("scopes"):
            raise _missing("serviceAccounts[0].scopes")


def _missing(field: str) -> ApiError:
    text = f"Required field 'resource.properties.{field}' not specified"
    return ApiError(400, text, reason="required")


def _check_disks(call: Call, disks: list[Json]) -> None:
    boot = [index for index, disk in enumerate(disks) if disk.get("boot")]
    if boot != [0]:
        raise invalid(
            "Invalid value for field 'resource.properties.disks': ''. "
            "Boot disk must be specified, and be the first one."
        )
    for index, disk in enumerate(disks):
        image = disk.get("initializeParams", {}).get("sourceImage")
        if image:
            field = f"resource.properties.disks[{index}].initializeParams.sourceImage"
            images.require(call, image, field)


def _check_metadata(items: list[Json]) -> None:
    """Keys are unique, values are short enough."""
    total = 0
    seen: set[str] = set()
    for index, item in enumerate(items):
        field = f"resource.properties.metadata.items[{index}]"
        key, size = item.get("key", ""), len(str(item.get("value", "")).encode())
        total += size
        if key in seen:
            raise invalid(f"Invalid value for field '{field}.key': '{key}'. Duplicate key.")
        if size > _METADATA_VALUE_BYTES or total > _METADATA_BYTES:
            raise invalid(f"Invalid value for field '{field}.value': ''. Value is too large.")
        seen.add(key)


COLLECTIONS = (Collection("instanceTemplates", check=_check, labels=("properties.labels",)),)
METHODS = {
    "images.getFromFamily": images.from_family,
    "images.get": images.get,
    "images.list": images.list_,
}
