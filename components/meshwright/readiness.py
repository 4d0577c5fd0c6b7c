# pyright: reportUnknownMemberType=false
# `pulumi.get` and `pulumi.set`, which output types need, are not annotated.
"""A gate that opens once Google reports the managed mesh ready on every membership.

Creating a `MeshReadiness` waits, without any shell-out, until the fleet's `servicemesh` feature
reports each membership ACTIVE; what depends on it is created after that. It is a resource of this
package's own plugin, `pulumi-resource-meshwright`, and so also serves programs in other languages.

States: https://cloud.google.com/service-mesh/docs/onboarding/provision-control-plane#verify and
https://cloud.google.com/kubernetes-engine/fleet-management/docs/reference/rest/v1/projects.locations.features.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict, cast

import pulumi


class MeshReadinessMemberArgs(TypedDict):
    """A fleet membership to wait for."""

    membership: pulumi.Input[str]
    """Short id of the membership, GkeCluster.membership."""
    location: pulumi.Input[str]
    """Location of the membership: a region, or `global`."""


@pulumi.output_type
class MeshMemberState(dict[str, str]):
    """What Google reports of the mesh on one membership."""

    def __init__(self, *, data_plane: str, implementation: str, state: str) -> None:
        pulumi.set(self, "data_plane", data_plane)
        pulumi.set(self, "implementation", implementation)
        pulumi.set(self, "state", state)

    @property
    @pulumi.getter(name="dataPlane")
    def data_plane(self) -> str:
        """State of the managed data plane, `ACTIVE`; empty where it is not managed."""
        return cast(str, pulumi.get(self, "data_plane"))

    @property
    @pulumi.getter
    def implementation(self) -> str:
        """What Google runs as control plane: `TRAFFIC_DIRECTOR` or `ISTIOD`."""
        return cast(str, pulumi.get(self, "implementation"))

    @property
    @pulumi.getter
    def state(self) -> str:
        """State of the control plane, `ACTIVE` once it is ready."""
        return cast(str, pulumi.get(self, "state"))


class MeshReadiness(pulumi.CustomResource):
    """Waits until the managed mesh is ACTIVE on all the named memberships.

    Its id is `projects/<project>/meshReadiness/<location>~<membership>[,...]`, which is also what
    `pulumi import` takes. Deleting it does nothing: it owns nothing.
    """

    def __init__(
        self,
        name: str,
        project: pulumi.Input[str],
        memberships: pulumi.Input[Sequence[pulumi.Input[MeshReadinessMemberArgs]]],
        timeout_seconds: pulumi.Input[float] | None = None,
        poll_interval_seconds: pulumi.Input[float] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the gate.

        Args:
            name: the resource's name.
            project: id of the fleet's project.
            memberships: the memberships to wait for, at least one.
            timeout_seconds: how long to wait for all of them, in seconds; the resource option
                `custom_timeouts` overrides it. Default: 3600.
            poll_interval_seconds: pause between two looks, in seconds. Default: 5.
            opts: resource options.

        The update fails when time is up, with each membership that is not ACTIVE, its state and the
        reason that Google gives; when the feature does not exist; and when access is refused.
        """
        properties: dict[str, Any] = {
            "project": project,
            "memberships": memberships,
            "timeoutSeconds": timeout_seconds,
            "pollIntervalSeconds": poll_interval_seconds,
            "states": None,
        }
        super().__init__("meshwright:index:MeshReadiness", name, properties, opts)

    @property
    @pulumi.getter
    def states(self) -> pulumi.Output[Mapping[str, MeshMemberState]]:
        """What Google reported of each membership, by its short id."""
        return cast(pulumi.Output[Mapping[str, MeshMemberState]], pulumi.get(self, "states"))
