"""Memberships that another service keeps for its clusters: attached clusters, on-premises ones.

They come and go with the cluster they stand for, so nobody deletes them through the fleet's API.
"""

from typing import Any

from meshwright_sandbox.core.cloud import Cloud
from meshwright_sandbox.core.errors import ApiError
from meshwright_sandbox.core.stamps import now
from meshwright_sandbox.services.hub import memberships
from meshwright_sandbox.services.hub.names import HUB, by_number

Json = dict[str, Any]


def claim(cloud: Cloud, fleet: str, short: str) -> str:
    """The membership that a new cluster will have, with the project's number as clusters show it.

    Raises:
        ApiError: 409 when the fleet has a member of that name.
    """
    name = _name(fleet, short)
    if cloud.store.get(HUB, name) is not None:
        raise ApiError(409, f"Resource '{name}' already exists")
    return by_number(cloud, name)


def register(
    cloud: Cloud, fleet: str, short: str, *, owner: str, endpoint: Json, issuer: str = ""
) -> None:
    """Make a cluster a member of a project's fleet, at the location `global`; idempotent.

    Args:
        cloud: where.
        fleet: id of the fleet's project.
        short: id of the membership.
        owner: name of the cluster that the membership stands for.
        endpoint: the member's kind of cluster, `{"multiCloudCluster": {...}}`.
        issuer: issuer of its service-account tokens.
    """
    name = _name(fleet, short)
    membership: Json = {"endpoint": endpoint | {"googleManaged": True}, "_owner": owner}
    membership["lastConnectionTime"] = now()
    if issuer:
        membership["authority"] = {
            "issuer": issuer,
            "workloadIdentityPool": f"{fleet}.svc.id.goog",
            "identityProvider": f"https://gkehub.googleapis.com/{by_number(cloud, name)}",
        }
    with cloud.store.transaction():
        memberships.ensure_fleet(cloud, fleet)
        memberships.store_new(cloud, name, membership)


def unregister(cloud: Cloud, fleet: str, short: str) -> None:
    """Take a cluster out of the fleet; nothing happens if it is in none."""
    name = _name(fleet, short)
    with cloud.store.transaction():
        memberships.forget(cloud, name)
        cloud.store.delete(HUB, name)


def _name(fleet: str, short: str) -> str:
    return f"projects/{fleet}/locations/global/memberships/{short}"
