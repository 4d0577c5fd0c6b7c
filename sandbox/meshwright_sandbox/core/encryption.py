"""Resources that are encrypted with a key of the customer's: the key must be usable by the service.

See https://cloud.google.com/kms/docs/cmek: the key exists, has a version that is enabled, and the
service's own account may use it.
"""

from typing import TYPE_CHECKING, Any

from meshwright_sandbox.core.errors import ApiError, invalid
from meshwright_sandbox.core.references import resource_name

if TYPE_CHECKING:
    from meshwright_sandbox.core.cloud import Call

ROLE = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
_SERVICE = "cloudkms"
# What other services call a multi-region, and how keys call it.
_MULTI_REGIONS = {"EU": "europe", "US": "us", "ASIA": "asia"}


def require_key(call: "Call", key: str, account: str, location: str = "") -> None:
    """Refuse a key that a service cannot encrypt with.

    Args:
        call: the request that names the key.
        key: the key's resource name.
        account: e-mail address of the account that the service acts as.
        location: where the encrypted resource is, if the key must be there too.

    Raises:
        ApiError: 400 for a key that is absent, disabled, elsewhere, or closed to the account.
    """
    name = resource_name(call, key) or key
    document = call.cloud.store.get(_SERVICE, name)
    if document is None:
        raise ApiError(400, f"KMS key {key} does not exist.", refusal="reference")
    if document.get("primary", {}).get("state") != "ENABLED":
        raise ApiError(400, f"KMS key {key} has no enabled primary version.")
    place = name.split("/")[3]
    wanted = _MULTI_REGIONS.get(location.upper(), location.lower())
    if wanted and wanted != place:
        raise invalid(f"KMS key {key} is in {place}; the resource is in {location}.")
    if f"serviceAccount:{account}" not in _holders(call, name):
        raise ApiError(
            400,
            f"Permission denied on Cloud KMS key {key}. Please ensure that the service account "
            f"{account} has been granted the role {ROLE}.",
            refusal="reference",
        )


def _holders(call: "Call", key: str) -> set[str]:
    """Members that may encrypt with a key, by its own policy, its ring's or its project's."""
    parts = key.split("/")
    places: list[tuple[str, str]] = [
        (_SERVICE, key),
        (_SERVICE, "/".join(parts[:6])),
        ("cloudresourcemanager", "/".join(parts[:2])),
    ]
    found: set[str] = set()
    for service, name in places:
        policy: dict[str, Any] = call.cloud.store.policy(service, name) or {}
        for binding in policy.get("bindings", []):
            if binding["role"] == ROLE:
                found.update(binding["members"])
    return found
