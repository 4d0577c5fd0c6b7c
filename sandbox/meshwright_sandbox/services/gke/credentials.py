"""How clients come to a control plane: its credentials and its address, as far as they change."""

from typing import Any

from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import invalid, precondition
from meshwright_sandbox.services.gke import updates

Json = dict[str, Any]
_ROTATING = "_rotating"


def set_master_auth(call: Call) -> Json:
    """`clusters.setMasterAuth`: there are no passwords any more, and none can be taken back.

    Raises:
        ApiError: 400 for whatever would set one.
    """
    wanted: Json = call.body.get("update", {})
    if call.body.get("action", "UNKNOWN") == "UNKNOWN":
        raise invalid("Required field 'action' is missing.")
    if call.body["action"] != "SET_USERNAME" or wanted.get("username") or wanted.get("password"):
        raise invalid("Basic authentication was removed for GKE cluster versions >= 1.19.")
    return updates.change(call, "UPDATE_CLUSTER", lambda _: None)


def start_rotation(call: Call) -> Json:
    """`clusters.startIpRotation`; the address stays what it is, since it is this machine's."""
    if call.get().get(_ROTATING):
        raise precondition("An IP rotation of the cluster is in progress already.")
    return updates.change(call, "UPGRADE_MASTER", lambda c: c.update({_ROTATING: True}))


def complete_rotation(call: Call) -> Json:
    """`clusters.completeIpRotation`, of a rotation that was started."""
    if not call.get().get(_ROTATING):
        raise precondition("No IP rotation of the cluster is in progress.")
    return updates.change(call, "UPGRADE_MASTER", lambda c: c.update({_ROTATING: False}))
