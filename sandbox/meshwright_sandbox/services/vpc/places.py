"""The regions and zones that the sandbox has."""

from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import ApiError, invalid
from meshwright_sandbox.core.listing import answer
from meshwright_sandbox.core.stamps import numeric_id, self_link

# Region -> the letters of its zones, and the network that an auto-mode VPC gives it:
# https://cloud.google.com/vpc/docs/subnets#ip-ranges
REGIONS: dict[str, tuple[str, str]] = {
    "africa-south1": ("abc", "10.218.0.0/20"),
    "asia-east1": ("abc", "10.140.0.0/20"),
    "asia-east2": ("abc", "10.170.0.0/20"),
    "asia-northeast1": ("abc", "10.146.0.0/20"),
    "asia-northeast2": ("abc", "10.174.0.0/20"),
    "asia-northeast3": ("abc", "10.178.0.0/20"),
    "asia-south1": ("abc", "10.160.0.0/20"),
    "asia-south2": ("abc", "10.190.0.0/20"),
    "asia-southeast1": ("abc", "10.148.0.0/20"),
    "asia-southeast2": ("abc", "10.184.0.0/20"),
    "australia-southeast1": ("abc", "10.152.0.0/20"),
    "australia-southeast2": ("abc", "10.192.0.0/20"),
    "europe-central2": ("abc", "10.186.0.0/20"),
    "europe-north1": ("abc", "10.166.0.0/20"),
    "europe-north2": ("abc", "10.226.0.0/20"),
    "europe-southwest1": ("abc", "10.204.0.0/20"),
    "europe-west1": ("bcd", "10.132.0.0/20"),
    "europe-west10": ("abc", "10.214.0.0/20"),
    "europe-west12": ("abc", "10.210.0.0/20"),
    "europe-west2": ("abc", "10.154.0.0/20"),
    "europe-west3": ("abc", "10.156.0.0/20"),
    "europe-west4": ("abc", "10.164.0.0/20"),
    "europe-west6": ("abc", "10.172.0.0/20"),
    "europe-west8": ("abc", "10.198.0.0/20"),
    "europe-west9": ("abc", "10.200.0.0/20"),
    "me-central1": ("abc", "10.212.0.0/20"),
    "me-central2": ("abc", "10.216.0.0/20"),
    "me-west1": ("abc", "10.208.0.0/20"),
    "northamerica-northeast1": ("abc", "10.162.0.0/20"),
    "northamerica-northeast2": ("abc", "10.188.0.0/20"),
    "northamerica-south1": ("abc", "10.224.0.0/20"),
    "southamerica-east1": ("abc", "10.158.0.0/20"),
    "southamerica-west1": ("abc", "10.194.0.0/20"),
    "us-central1": ("abcf", "10.128.0.0/20"),
    "us-east1": ("bcd", "10.142.0.0/20"),
    "us-east4": ("abc", "10.150.0.0/20"),
    "us-east5": ("abc", "10.202.0.0/20"),
    "us-south1": ("abc", "10.206.0.0/20"),
    "us-west1": ("abc", "10.138.0.0/20"),
    "us-west2": ("abc", "10.168.0.0/20"),
    "us-west3": ("abc", "10.180.0.0/20"),
    "us-west4": ("abc", "10.182.0.0/20"),
}
# Zones for accelerators, which nothing is put into unasked; so they stand last.
_AI_ZONES = ("europe-west4-ai1a", "us-central1-ai1a", "us-south1-ai1b")
ZONES = (
    *(f"{region}-{letter}" for region, (letters, _) in REGIONS.items() for letter in letters),
    *_AI_ZONES,
)
_CREATED = "1969-12-31T16:00:00.000-08:00"


def require_place(call: Call) -> None:
    """Refuse a call in a region or zone that does not exist."""
    for kind, known in (("region", REGIONS), ("zone", ZONES)):
        place = call.params.get(kind)
        if place and place not in known and call.method.verb != "get":
            raise invalid(f"Invalid value for field '{kind}': '{place}'. Unknown {kind}.")


def _place(call: Call, kind: str, name: str) -> dict[str, object]:
    link = f"projects/{call.project}"
    shown: dict[str, object] = {
        "kind": f"compute#{kind}",
        "id": numeric_id(name),
        "name": name,
        "description": name,
        "status": "UP",
        "creationTimestamp": _CREATED,
        "selfLink": self_link(call.service, call.version, f"{link}/{kind}s/{name}"),
    }
    if kind == "region":
        zones = [zone for zone in ZONES if zone.rpartition("-")[0] == name]
        shown["zones"] = [
            self_link(call.service, call.version, f"{link}/zones/{zone}") for zone in zones
        ]
        shown["quotas"] = []
    else:
        region = f"{link}/regions/{name.rpartition('-')[0]}"
        shown["region"] = self_link(call.service, call.version, region)
    return shown


def get_place(call: Call) -> dict[str, object]:
    """One region or zone."""
    kind = call.type.removesuffix("s")
    name = call.params[kind]
    if name not in (REGIONS if kind == "region" else ZONES):
        raise ApiError(404, call.service.not_found(call.name))
    return _place(call, kind, name)


def list_places(call: Call) -> dict[str, object]:
    """All regions or zones."""
    kind = call.type.removesuffix("s")
    names = REGIONS if kind == "region" else ZONES
    return answer(call, [_place(call, kind, name) for name in sorted(names)])
