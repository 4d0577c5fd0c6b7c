"""GKE versions: which ones are served on which release channel, and what an alias means."""

from typing import Any

from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import invalid

Json = dict[str, Any]

# Newest first; the API servers that the sandbox runs are of the first minor version.
CHANNELS: dict[str, tuple[str, ...]] = {
    "RAPID": ("1.36.3-gke.1204000", "1.36.3-gke.1093000", "1.35.8-gke.1027000"),
    "REGULAR": ("1.36.3-gke.1093000", "1.35.8-gke.1027000", "1.35.7-gke.1151000"),
    "STABLE": ("1.36.3-gke.1093000", "1.35.7-gke.1151000", "1.34.12-gke.1040000"),
    "EXTENDED": ("1.36.3-gke.1093000", "1.35.8-gke.1027000", "1.33.14-gke.1022000"),
}
_ALL = tuple(sorted({v for versions in CHANNELS.values() for v in versions}, reverse=True))
DEFAULT = CHANNELS["REGULAR"][0]


def of_channel(channel: str) -> str:
    """Version that a channel gives a new cluster."""
    return CHANNELS.get(channel, CHANNELS["REGULAR"])[0]


def resolve(wanted: str, channel: str) -> str:
    """The version that an alias or a prefix means: `latest`, `-`, `1.36`, `1.36.3`.

    Args:
        wanted: as it stands in the request; "" for the channel's default.
        channel: the cluster's release channel.

    Raises:
        ApiError: 400 for a version that GKE does not serve.
    """
    if wanted in ("", "-"):
        return of_channel(channel)
    available = CHANNELS.get(channel, _ALL)
    if wanted == "latest":
        return available[0]
    for version in available:
        if version == wanted or version.startswith((f"{wanted}.", f"{wanted}-")):
            return version
    raise invalid(f'Master version "{wanted}" is unsupported.')


def server_config(_: Call) -> Json:
    """`projects.locations.getServerConfig`: what may be asked for."""
    return {
        "defaultClusterVersion": DEFAULT,
        "validNodeVersions": list(_ALL),
        "validMasterVersions": list(_ALL),
        "defaultImageType": "COS_CONTAINERD",
        "validImageTypes": ["COS_CONTAINERD", "UBUNTU_CONTAINERD", "WINDOWS_LTSC_CONTAINERD"],
        "channels": [
            {
                "channel": channel,
                "defaultVersion": versions[0],
                "validVersions": list(versions),
                "upgradeTargetVersion": versions[0],
            }
            for channel, versions in CHANNELS.items()
        ],
    }
