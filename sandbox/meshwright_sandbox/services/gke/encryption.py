"""Keys of a cluster's Secrets and of its nodes' boot disks: GKE and Compute Engine must have them.

https://cloud.google.com/kubernetes-engine/docs/how-to/encrypting-secrets
"""

from typing import Any

from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.encryption import require_key
from meshwright_sandbox.core.errors import invalid
from meshwright_sandbox.core.service_agents import agent_email
from meshwright_sandbox.services.gke.places import region_of

Json = dict[str, Any]
_ENCRYPTED = "ENCRYPTED"


def require_keys(call: Call, cluster: Json) -> None:
    """Refuse keys that cannot be used, and say what Secrets are encrypted with.

    Raises:
        ApiError: 400.
    """
    secrets: Json = cluster.get("databaseEncryption", {})
    key = secrets.get("keyName", "")
    if secrets.get("state") == _ENCRYPTED:
        if not key:
            raise invalid("Database encryption needs a key: database_encryption.key_name.")
        _require(call, key, "container")
        secrets["currentState"] = "CURRENT_STATE_ENCRYPTED"
    elif key:
        raise invalid("Database encryption has a key, but its state is not ENCRYPTED.")
    elif secrets:
        secrets["currentState"] = "CURRENT_STATE_DECRYPTED"
    defaults = cluster.get("autoscaling", {}).get("autoprovisioningNodePoolDefaults", {})
    require_disk_key(call, defaults)


def require_disk_key(call: Call, config: Json) -> None:
    """Refuse a key that Compute Engine cannot encrypt boot disks with."""
    if config.get("bootDiskKmsKey"):
        _require(call, config["bootDiskKmsKey"], "compute")


def _require(call: Call, key: str, api: str) -> None:
    number = call.cloud.projects.number(call.project)
    require_key(call, key, agent_email(api, number), region_of(call.location))
