"""Which fields of a `ClusterUpdate` may come together: those of one update.

"Exactly one update can be applied to a cluster with each request, so at most one field can be
provided", says the schema (https://cloud.google.com/kubernetes-engine/docs/reference/rest/v1/
ClusterUpdate). Google's own clients send some fields in pairs all the same, which must work.
"""

from collections.abc import Collection

from meshwright_sandbox.core.errors import invalid

# What an update is about, rather than an update.
SCOPE = frozenset({"desiredNodePoolId", "etag"})
_TOGETHER = (
    # `gcloud container clusters upgrade`
    frozenset({"desiredNodeVersion", "desiredImageType", "desiredImage", "desiredImageProject"}),
    # `gcloud container clusters update --logging --monitoring`, and its older form, which
    # Terraform's provider sends too
    frozenset({"desiredLoggingConfig", "desiredMonitoringConfig"}),
    frozenset({"desiredLoggingService", "desiredMonitoringService"}),
    # `gcloud container clusters update --additional-pod-ipv4-ranges`
    frozenset({"additionalPodRangesConfig", "removedAdditionalPodRangesConfig"}),
    # Terraform's provider, right after it has made a cluster
    frozenset({
        "desiredEnablePrivateEndpoint", "desiredAddonsConfig", "desiredAdditionalIpRangesConfig",
    }),
)  # fmt: skip


def require_one(fields: Collection[str]) -> None:
    """Refuse fields that are not one update.

    Raises:
        ApiError: 400, which names them.
    """
    wanted = set(fields)
    if len(wanted) > 1 and not any(wanted <= together for together in _TOGETHER):
        raise invalid(
            "Exactly one update can be applied to a cluster with each request, but this one has "
            f"{', '.join(sorted(wanted))}."
        )
