"""GKE versions: which ones are served on which release channel, and what may follow which."""

import re
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
        if _means(wanted, version):
            return version
    if any(_means(wanted, version) for version in _ALL):  # and so in another channel
        raise invalid(
            f'Master version must be one of "{channel}" channel supported versions '
            f"[{', '.join(available)}]."
        )
    raise invalid(f'Master version "{wanted}" is unsupported.')


def upgraded(current: str, wanted: str, channel: str) -> str:
    """The version that a control plane gets: patches go both ways, minor versions one by one up.

    https://cloud.google.com/kubernetes-engine/docs/concepts/cluster-upgrades

    Raises:
        ApiError: 400 for a version that GKE does not serve, or that cannot follow the current one.
    """
    version = resolve(wanted, channel)
    steps = order(version)[1] - order(current)[1]
    if steps < 0:
        why = "specified version is not newer than the current version"
    elif steps > 1:
        why = "cannot upgrade the master more than one minor version at a time"
    else:
        return version
    raise invalid(f'Master cannot be upgraded to "{version}": {why}.')


def of_nodes(wanted: str, control_plane: str) -> str:
    """The version that nodes get, which is never newer than their control plane's.

    Raises:
        ApiError: 400 for a version that GKE does not serve, or that is newer.
    """
    if wanted in ("", "-"):
        return control_plane
    served = [v for v in _ALL if wanted == "latest" or _means(wanted, v)]
    if not served:
        raise invalid(f'Node version "{wanted}" is unsupported.')
    for version in served:
        if order(version) <= order(control_plane):
            return version
    raise invalid(
        f'desired node version "{served[0]}" cannot be greater than current master version '
        f'"{control_plane}".'
    )


def order(version: str) -> tuple[int, ...]:
    """What versions are compared by."""
    return tuple(int(number) for number in re.findall(r"\d+", version))


def _means(wanted: str, version: str) -> bool:
    """Whether a version is the one asked for, or one of those that a prefix of it stands for."""
    return version == wanted or version.startswith((f"{wanted}.", f"{wanted}-"))


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
