"""Public images, as far as their names: nothing is ever booted from one.

Follows https://cloud.google.com/compute/docs/images/os-details.
"""

import re
from typing import Any

from meshwright_sandbox.core import listing
from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import ApiError
from meshwright_sandbox.core.stamps import numeric_id, self_link

# Project -> family -> its newest image. Of older ones the name tells the family.
_FAMILIES = {
    "cos-cloud": {
        "cos-stable": "cos-stable-125-19216-104-126",
        "cos-121-lts": "cos-121-18867-294-100",
        "cos-117-lts": "cos-117-18613-439-97",
    },
    "debian-cloud": {
        "debian-11": "debian-11-bullseye-v20261110",
        "debian-12": "debian-12-bookworm-v20261110",
        "debian-13": "debian-13-trixie-v20261110",
    },
    "rocky-linux-cloud": {
        "rocky-linux-8": "rocky-linux-8-v20261110",
        "rocky-linux-9": "rocky-linux-9-v20261110",
    },
    "ubuntu-os-cloud": {
        "ubuntu-2204-lts": "ubuntu-2204-jammy-v20261110",
        "ubuntu-2404-lts-amd64": "ubuntu-2404-noble-amd64-v20261110",
    },
}
# How a name tells the build: by its date, or by the four numbers of Container-Optimized OS, of
# which only the first belongs to the family.
_BUILD = re.compile(r"(?<=-v)\d{8}$|(?<=-\d{3})(-\d+){3}$")
# Those that gcloud lists besides; they have no images here.
_EMPTY = (
    *("centos-cloud", "fedora-coreos-cloud", "opensuse-cloud", "oracle-linux-cloud"),
    *("rhel-cloud", "rhel-sap-cloud", "rocky-linux-accelerator-cloud", "suse-cloud"),
    *("suse-sap-cloud", "ubuntu-os-accelerator-images", "ubuntu-os-pro-cloud"),
    *("windows-cloud", "windows-sql-cloud"),
)
PUBLIC_PROJECTS = frozenset(_FAMILIES) | frozenset(_EMPTY)
_LINK = re.compile(
    r"projects/(?P<project>[^/]+)/(?:global/images/(?P<family>family/)?|"
    r"zones/[^/]+/(?P<view>imageFamilyViews)/)(?P<name>[^/]+)"
)


def from_family(call: Call) -> dict[str, object]:
    """The newest image of a family: of a public project's, or of those that were made here."""
    family = call.params["family"]
    own = [
        row.doc
        for row in call.cloud.store.of_type("compute", "images")
        if row.project == call.project and row.doc.get("family") == family
    ]
    if own:
        return max(own, key=lambda image: str(image["creationTimestamp"]))
    if family not in _FAMILIES.get(call.project, {}):
        name = f"projects/{call.project}/global/images/family/{family}"
        raise ApiError(404, call.service.not_found(name))
    return _public(call, call.project, family)


def get(call: Call) -> dict[str, object]:
    """One image by its name."""
    found = _public_named(call, call.project, call.name.rpartition("/")[2])
    if found:
        return found
    return call.shown(call.type, call.get())


def list_(call: Call) -> dict[str, object]:
    """The images of a project: a public one's have one of each family."""
    if call.project not in PUBLIC_PROJECTS:
        return listing.list_(call)
    families = _FAMILIES.get(call.project, {})
    return listing.answer(call, [_public(call, call.project, family) for family in families])


def named(call: Call, link: str, field: str) -> dict[str, Any]:
    """The image that a link means: one of a public project, or one that this cloud holds.

    Raises:
        ApiError: 404 as the API words it; 400 for what is no image's link.
    """
    match = _LINK.search(link)
    if not match:
        text = f"Invalid value for field '{field}': '{link}'. The URL is malformed."
        raise ApiError(400, text, reason="invalid")
    project, name = match["project"], match["name"]
    of_family = match["family"] or match["view"]
    if of_family and name in _FAMILIES.get(project, {}):
        return _public(call, project, name)
    found = None if of_family else _public_named(call, project, name)
    if found:
        return found
    key = "family" if of_family else "name"
    for row in call.cloud.store.of_type("compute", "images"):
        if row.project == project and row.doc.get(key) == name:
            return row.doc
    raise ApiError(404, call.service.not_found(match[0]), refusal="reference")


def _public_named(call: Call, project: str, name: str) -> dict[str, object] | None:
    """A public project's image of that name, of whatever day it is."""
    for family, newest in _FAMILIES.get(project, {}).items():
        if _BUILD.search(name) and _BUILD.sub("", name) == _BUILD.sub("", newest):
            return _public(call, project, family, name)
    return None


def _public(call: Call, project: str, family: str, name: str = "") -> dict[str, object]:
    name = name or _FAMILIES[project][family]
    link = f"projects/{project}/global/images/{name}"
    return {
        "kind": "compute#image",
        "id": numeric_id(name),
        "name": name,
        "family": family,
        "status": "READY",
        "sourceType": "RAW",
        "architecture": "X86_64",
        "diskSizeGb": "10",
        "selfLink": self_link(call.service, call.version, link),
    }
