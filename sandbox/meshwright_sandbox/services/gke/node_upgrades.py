"""Upgrades of nodes that are asked of the cluster, and how upgrades of nodes are cancelled."""

from typing import Any

from meshwright_sandbox.core import operation_methods, operation_views
from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import ApiError, invalid, precondition
from meshwright_sandbox.core.operations import Work
from meshwright_sandbox.core.stamps import new_etag
from meshwright_sandbox.core.store import Row
from meshwright_sandbox.services.gke import node_pools, versions
from meshwright_sandbox.services.gke.locks import require_free

Json = dict[str, Any]
KIND = "UPGRADE_NODES"
RESYNC = "resyncNodes"
OF_NODES = frozenset({"desiredNodeVersion", "desiredImageType"})


def upgrade(call: Call, wanted: Json) -> Json:
    """Start the operation that gives a pool the version and image of a cluster's update."""
    cluster = call.get()
    unknown = sorted(wanted.keys() - OF_NODES)
    if unknown:
        raise ApiError(501, f"The update {unknown[0]} is not part of the sandbox.")
    pools = pools_named(call)
    if not pools:
        raise invalid("The cluster has no node pool to upgrade.")
    pool = pools[0]
    require_free(call, call.name, pool.name)
    after = pool.doc | {"etag": new_etag()}
    if "desiredNodeVersion" in wanted:
        after["version"] = versions.of_nodes(
            wanted["desiredNodeVersion"], cluster["currentMasterVersion"]
        )
    if "desiredImageType" in wanted:
        after["config"] = after["config"] | {"imageType": wanted["desiredImageType"]}
    call.cloud.store.put("container", pool.name, after)
    return call.start(
        "update", pool.name, type_=node_pools.TYPE, before=pool.doc, operation_type=KIND
    )


def pools_named(call: Call) -> list[Row]:
    """The pools that an update is about: the one it names, or the only one."""
    named = call.body["update"].get("desiredNodePoolId")
    rows = node_pools.rows(call.cloud, call.name)
    chosen = [row for row in rows if named in (None, row.doc["name"])]
    if named and not chosen:
        target = f"{call.name}/nodePools/{named}"
        raise ApiError(404, call.service.not_found(target), refusal="reference")
    if len(chosen) > 1:
        raise invalid("Node pool id must be specified if cluster has more than one node pool.")
    return chosen


def cancel(call: Call) -> Json:
    """`operations.cancel`: the pool becomes again what it was.

    "Only node pool upgrade operations support cancellation", and none that have completed:
    https://cloud.google.com/sdk/gcloud/reference/container/operations/cancel
    """
    operation = operation_methods.known(call)
    if operation["done"]:
        raise precondition(f"Operation {operation['id']} has completed and cannot be cancelled.")
    if operation_views.render(call, operation)["operationType"] != KIND:
        raise invalid("Only node pool upgrade operations support cancellation.")
    call.cloud.operations.cancel(operation)
    return {}


def resync(work: Work) -> None:
    """Have the cluster's nodes follow the pool again, whose change was cancelled."""
    work.cloud.operations.create(
        work.cloud.services[work.service],
        verb=RESYNC,
        latency="none",
        scope="",
        hidden=True,
        **{key: work.operation[key] for key in ("type", "target", "project", "location")},
    )
