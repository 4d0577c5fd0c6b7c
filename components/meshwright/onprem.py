"""A cluster on premises as a member of the fleet: made on bare metal or VMware, or one that exists.

Follows https://cloud.google.com/kubernetes-engine/distributed-cloud/bare-metal/docs/installing/creating-user-clusters,
https://cloud.google.com/kubernetes-engine/distributed-cloud/vmware/docs/how-to/create-user-cluster-clients
and https://cloud.google.com/kubernetes-engine/fleet-management/docs/register/non-gke-clusters.
"""

import re
from collections.abc import Iterator
from typing import NotRequired, TypedDict

import pulumi
import pulumi_gcp as gcp

from ._bare_metal import BareMetalClusterArgs, bare_metal_cluster, bare_metal_node_pool
from ._bare_metal_rules import bare_metal_problems as bare_metal_problems
from ._connect_gateway import gateway_kubeconfig
from ._names import MEMBERSHIP, named, physical_name
from ._outputs import after, outputs_of
from ._projects import number_problems, project_number
from ._validation import checked, once_known
from ._vmware import VmwareClusterArgs, vmware_cluster, vmware_node_pool
from ._vmware_rules import vmware_problems as vmware_problems

_MEMBERSHIP = re.compile(r"projects/[^/]+/locations/[^/]+/memberships/[^/]+")


class ExistingClusterArgs(TypedDict):
    """A conformant cluster that stands already."""

    membership: NotRequired[pulumi.Input[str]]
    """Its membership, `projects/P/locations/L/memberships/M`, where the fleet has it already: tools
    such as `bmctl` register the clusters that they make. Default: one is made."""
    issuer_url: NotRequired[pulumi.Input[str]]
    """Publicly reachable OIDC issuer of its service-account tokens, `https://...`; with it, its
    workloads act with identities of the fleet. Default: none."""
    endpoint: NotRequired[pulumi.Input[str]]
    """URL of its API server, for the component's output. Default: none."""


class OnPremClusterArgs(TypedDict):
    """What an OnPremCluster is made from: exactly one of `bare_metal`, `vmware` and `existing`."""

    project: pulumi.Input[str]
    """Id of the fleet's project."""
    location: pulumi.Input[str]
    """Region of Google Cloud that a cluster made here is managed from; for an existing cluster the
    location of its membership, a region or `global`."""
    bare_metal: NotRequired[BareMetalClusterArgs]
    """A user cluster to make on bare metal. Default: none."""
    vmware: NotRequired[VmwareClusterArgs]
    """A user cluster to make on VMware vSphere. Default: none."""
    existing: NotRequired[ExistingClusterArgs]
    """A cluster that exists; `{}` says no more of it. Default: none."""
    project_number: NotRequired[pulumi.Input[str]]
    """Number of the fleet's project. Default: looked up."""
    description: NotRequired[pulumi.Input[str]]
    """What a cluster made here is for. Default: none."""
    labels: NotRequired[pulumi.Input[dict[str, pulumi.Input[str]]]]
    """Labels of an existing cluster's membership. Default: none."""
    prefix: NotRequired[str]
    """Put before the physical name, joined by `-`. Default: none."""


class OnPremCluster(pulumi.ComponentResource):
    """Makes a user cluster on bare metal or VMware through its admin cluster, or registers one.

    The admin cluster exists (made by `bmctl` or `gkectl`), and so do the machines of a cluster on
    bare metal; those of one on VMware are made in the admin cluster's vCenter. Making a cluster
    takes the better part of an hour. An existing cluster is only registered, and not even that
    where it is a member already: it becomes reachable once the Connect agent runs in it
    (`gcloud container fleet memberships register` installs it). Raises ArgumentError for wrong or
    contradicting arguments.
    """

    membership: pulumi.Output[str]
    """Full name of the membership, `projects/P/locations/L/memberships/M`, once every node pool is
    there."""
    membership_id: pulumi.Output[str]
    """Short name of the membership, which is the cluster's."""
    endpoint: pulumi.Output[str]
    """Address of the API server of a cluster made here; an existing one's as given, else empty."""
    kubeconfig: pulumi.Output[str]
    """Secret: a kubeconfig that goes through the Connect gateway."""

    def __init__(
        self, name: str, args: OnPremClusterArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        args = checked(
            "OnPremCluster", name, args, OnPremClusterArgs, _problems, named(MEMBERSHIP, name)
        )
        physical = physical_name("OnPremCluster", MEMBERSHIP, args.get("prefix"), name)
        super().__init__("meshwright:index:OnPremCluster", name, {}, opts)
        if "bare_metal" in args:
            self._on_bare_metal(name, args, args["bare_metal"])
        elif "vmware" in args:
            self._on_vmware(name, args, args["vmware"])
        else:
            self._register(name, physical, args, args.get("existing", {}))
        self.membership_id = self.membership.apply(lambda full: full.rsplit("/", 1)[-1])
        self.kubeconfig = gateway_kubeconfig(self._by_number(args))
        self.register_outputs(outputs_of(self))

    def _on_bare_metal(
        self, name: str, args: OnPremClusterArgs, machines: BareMetalClusterArgs
    ) -> None:
        cluster = bare_metal_cluster(
            self,
            name,
            args.get("prefix"),
            machines,
            self._ready_project(name, args),
            args["location"],
            args.get("description"),
        )
        pools = [bare_metal_node_pool(self, name, pool, cluster) for pool in machines["node_pools"]]
        membership = cluster.fleets.apply(lambda fleets: fleets[0].membership or "")
        self.membership = after(membership, pools)
        self.endpoint = cluster.endpoint

    def _on_vmware(self, name: str, args: OnPremClusterArgs, machines: VmwareClusterArgs) -> None:
        cluster = vmware_cluster(
            self,
            name,
            args.get("prefix"),
            machines,
            self._ready_project(name, args),
            args["location"],
            args.get("description"),
        )
        pools = [vmware_node_pool(self, name, pool, cluster) for pool in machines["node_pools"]]
        membership = cluster.fleets.apply(lambda fleets: fleets[0].membership or "")
        self.membership = after(membership, pools)
        self.endpoint = cluster.endpoint

    def _ready_project(self, name: str, args: OnPremClusterArgs) -> pulumi.Output[str]:
        """The project, once it may be asked for clusters on premises."""
        api = gcp.projects.Service(
            f"{name}-api",
            project=args["project"],
            service="gkeonprem.googleapis.com",
            disable_on_destroy=False,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return after(args["project"], [api])

    def _register(
        self, name: str, physical: str, args: OnPremClusterArgs, existing: ExistingClusterArgs
    ) -> None:
        self.endpoint = pulumi.Output.from_input(existing.get("endpoint", ""))
        if "membership" in existing:
            self.membership = once_known(
                "OnPremCluster",
                name,
                "existing.membership",
                existing["membership"],
                _membership_problem,
            )
            return
        registered = gcp.gkehub.Membership(
            f"{name}-membership",
            membership_id=physical,
            project=args["project"],
            location=args["location"],
            authority={"issuer": existing["issuer_url"]} if "issuer_url" in existing else None,
            labels=args.get("labels"),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.membership = registered.name

    def _by_number(self, args: OnPremClusterArgs) -> pulumi.Output[str]:
        """The membership's name as the Connect gateway takes it."""
        if "project_number" in args:
            number = pulumi.Output.from_input(args["project_number"])
        else:
            number = project_number(self, args["project"])
        return pulumi.Output.all(self.membership, number).apply(
            lambda both: "/".join(["projects", both[1], *both[0].split("/")[2:]])
        )


def _problems(args: OnPremClusterArgs) -> Iterator[tuple[str, str]]:
    yield from number_problems("project_number", args.get("project_number"))
    named = [key for key in ("bare_metal", "vmware", "existing") if key in args]
    if len(named) != 1:
        have = f"{' and '.join(named)} are" if named else "none of them is"
        yield "bare_metal", f"name exactly one of bare_metal, vmware and existing; {have} given"
    if "bare_metal" in args or "vmware" in args:
        if args["location"] == "global":
            yield "location", "a cluster made here is managed from a region, not from `global`"
        if "labels" in args:
            yield "labels", "only an existing cluster's membership has labels; leave them out"
    if "bare_metal" in args:
        for path, text in bare_metal_problems(args["bare_metal"]):
            yield f"bare_metal.{path}", text
    if "vmware" in args:
        for path, text in vmware_problems(args["vmware"]):
            yield f"vmware.{path}", text
    if "existing" in args:
        yield from _existing_problems(args, args["existing"])


def _existing_problems(
    args: OnPremClusterArgs, existing: ExistingClusterArgs
) -> Iterator[tuple[str, str]]:
    issuer = existing.get("issuer_url", "https://")
    if isinstance(issuer, str) and not issuer.startswith("https://"):
        yield "existing.issuer_url", f"{issuer!r} must start with https://"
    membership = existing.get("membership")
    if membership is None:
        return
    if isinstance(membership, str) and (problem := _membership_problem(membership)):
        yield "existing.membership", problem
    if "issuer_url" in existing:
        yield "existing.issuer_url", "a membership that exists has its issuer; leave it out"
    if "labels" in args:
        yield "labels", "a membership that exists has its labels; leave them out"


def _membership_problem(membership: str) -> str | None:
    if _MEMBERSHIP.fullmatch(membership):
        return None
    return f"{membership!r} must have the form projects/P/locations/L/memberships/M"
