"""Which operations on one cluster exclude each other."""

from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import ApiError


def require_free(call: Call, cluster_name: str, pool_name: str | None = None) -> None:
    """Refuse a change while an operation that it would collide with is running.

    Operations on different node pools of a cluster may run side by side; any operation on the
    cluster itself excludes all others.

    Raises:
        ApiError: 400 FAILED_PRECONDITION, which clients retry.
    """
    store = call.cloud.store
    running = store.unfinished("container", cluster_name)
    if pool_name is None:
        for row in store.below("container", cluster_name):
            running += store.unfinished("container", row.name)
    else:
        running += store.unfinished("container", pool_name)
    if running:
        raise ApiError(
            400,
            f"Cluster is running incompatible operation {running[0]['id']}.",
            status="FAILED_PRECONDITION",
            details=[
                {
                    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                    "reason": "CLUSTER_ALREADY_HAS_OPERATION",
                    "domain": "container.googleapis.com",
                }
            ],
        )
