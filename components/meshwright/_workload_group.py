"""Machines as workloads of an Istio mesh: a WorkloadGroup, and what a machine needs to join it.

Follows https://istio.io/latest/docs/setup/install/virtual-machine/. No secret is handed out: a
machine asks the cluster for its token with its own Google identity, which may do just that.
"""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as kubernetes

from ._istio_machine import Machine
from ._kube import istio_object, metadata
from ._vm_group import Port

_ROOT_CERTIFICATE = "istio-ca-root-cert"


class VmWorkloadGroupArgs(TypedDict):
    """The Istio mesh that machines join, and what they are there."""

    namespace: pulumi.Input[str]
    """Namespace of the workload."""
    cluster_endpoint: pulumi.Input[str]
    """Address of the cluster's API server that machines reach, GkeCluster.private_endpoint."""
    cluster_ca_certificate: pulumi.Input[str]
    """The API server's CA, base64 of PEM, GkeCluster.ca_certificate."""
    discovery_address: pulumi.Input[str]
    """IP address at which machines reach istiod, such as the east-west gateway's."""
    istio_version: pulumi.Input[str]
    """Release of Istio's package for machines, such as `1.28.0`; the control plane's."""
    revision: NotRequired[pulumi.Input[str]]
    """Revision of the control plane, IstioMesh.revision: objects are made once it is known.
    Default: `default`."""
    service: NotRequired[str]
    """Name of the Kubernetes Service of these machines. Default: the component's name."""
    service_account: NotRequired[str]
    """Name of the Kubernetes service account made for them. Default: the service's name."""
    with_pods: NotRequired[bool]
    """Whether pods answer for the Service as well: it and the service account are the pods', are
    there already, and are not made here. Machines are endpoints of the Service beside the pods and
    have their identity. The Service selects pods by `app` or by `labels`, and its target port is
    `port` or the protocol's name in lower case. Default: false."""
    labels: NotRequired[dict[str, pulumi.Input[str]]]
    """Further labels of the workload, such as its version. Default: `app` alone."""
    network: NotRequired[pulumi.Input[str]]
    """Istio's name of the machines' network, where it is not the cluster's. Default: the same."""
    mesh_id: NotRequired[pulumi.Input[str]]
    """Id of the mesh. Default: none."""
    cluster_id: NotRequired[pulumi.Input[str]]
    """Name of the cluster in the mesh. Default: `Kubernetes`."""
    trust_domain: NotRequired[pulumi.Input[str]]
    """Trust domain of the mesh. Default: `cluster.local`."""


class WorkloadGroup:
    """The objects of a workload of machines, and the metadata that lets machines join it."""

    def __init__(
        self, parent: pulumi.Resource, name: str, args: VmWorkloadGroupArgs, port: Port
    ) -> None:
        self._parent, self._name, self._args, self._port = parent, name, args, port
        self.service = args.get("service", name)
        # One service may have several groups of machines.
        self._group_name = name if args.get("with_pods") else self.service
        self._account = args.get("service_account", self.service)
        self._labels: dict[str, pulumi.Input[str]] = {
            "app": self.service,
            **args.get("labels", {}),
        }
        number = port.number
        check: dict[str, object] = {"tcpSocket": {"port": number}}
        if port.protocol == "GRPC":
            check = {"grpc": {"port": number}}
        if port.path is not None:
            check = {"httpGet": {"path": port.path, "port": number}}
        self._probe: dict[str, object] = {"periodSeconds": 5, "initialDelaySeconds": 1, **check}

    def objects(self, machine_account: pulumi.Input[str]) -> list[pulumi.Resource]:
        """Make the objects in the cluster.

        Args:
            machine_account: e-mail of the Google service account that machines run as.
        """
        if self._args.get("with_pods"):
            return [*self._leave(machine_account), self._group()]
        account = self._identity()
        return [account, *self._leave(machine_account), self._service(), self._group()]

    def metadata(self) -> dict[str, pulumi.Input[str]]:
        """Metadata of the machines."""
        args = self._args
        return Machine(
            namespace=args["namespace"],
            group=self._group_name,
            service=self.service,
            service_account=self._account,
            labels=self._labels,
            port=self._port.number,
            port_name=self._port.name,
            probe=self._probe,
            cluster_endpoint=args["cluster_endpoint"],
            cluster_ca_certificate=args["cluster_ca_certificate"],
            discovery_address=args["discovery_address"],
            istio_version=args["istio_version"],
            revision=args.get("revision", "default"),
            network=args.get("network", ""),
            mesh_id=args.get("mesh_id", ""),
            cluster_id=args.get("cluster_id", "Kubernetes"),
            trust_domain=args.get("trust_domain", "cluster.local"),
        ).metadata()

    def _meta(self, role: str = "") -> "kubernetes.meta.v1.ObjectMetaArgsDict":
        name = f"{self._group_name}-{role}" if role else self._group_name
        args = self._args
        return metadata(name, args["namespace"], args.get("revision"), {"app": self.service})

    def _identity(self) -> pulumi.Resource:
        """The account in the mesh."""
        return kubernetes.core.v1.ServiceAccount(
            f"{self._name}-account",
            metadata=self._meta() | {"name": self._account},
            automount_service_account_token=False,
            opts=pulumi.ResourceOptions(parent=self._parent),
        )

    def _leave(self, machine_account: pulumi.Input[str]) -> list[pulumi.Resource]:
        """The leave to ask for the account's token and the mesh's root."""
        child = pulumi.ResourceOptions(parent=self._parent)
        role = kubernetes.rbac.v1.Role(
            f"{self._name}-join",
            metadata=self._meta("join"),
            rules=[
                {
                    "api_groups": [""],
                    "resources": ["serviceaccounts/token"],
                    "resource_names": [self._account],
                    "verbs": ["create"],
                },
                {
                    "api_groups": [""],
                    "resources": ["configmaps"],
                    "resource_names": [_ROOT_CERTIFICATE],
                    "verbs": ["get"],
                },
            ],
            opts=child,
        )
        binding = kubernetes.rbac.v1.RoleBinding(
            f"{self._name}-join-binding",
            metadata=self._meta("join"),
            role_ref={
                "api_group": "rbac.authorization.k8s.io",
                "kind": "Role",
                "name": role.metadata.apply(lambda found: found.name or ""),
            },
            subjects=[
                {
                    "api_group": "rbac.authorization.k8s.io",
                    "kind": "User",
                    "name": machine_account,
                }
            ],
            opts=child,
        )
        return [role, binding]

    def _service(self) -> "kubernetes.core.v1.Service":
        """Its selector picks machines as it picks pods, and its name resolves everywhere."""
        number = self._port.number
        return kubernetes.core.v1.Service(
            f"{self._name}-service",
            # No pod stands behind it, so that there is nothing to wait for.
            metadata=self._meta() | {"annotations": self._service_annotations()},
            spec={
                "selector": {"app": self.service},
                "ports": [{"name": self._port.name, "port": number, "target_port": number}],
            },
            opts=pulumi.ResourceOptions(parent=self._parent),
        )

    def _service_annotations(self) -> dict[str, pulumi.Input[str]]:
        given = self._meta().get("annotations") or {}
        assert isinstance(given, dict)
        return {**given, "pulumi.com/skipAwait": "true"}

    def _group(self) -> "kubernetes.apiextensions.CustomResource":
        template: dict[str, object] = {
            "serviceAccount": self._account,
            "ports": {self._port.name: self._port.number},
        }
        if "network" in self._args:
            template["network"] = self._args["network"]
        spec: dict[str, object] = {
            "metadata": {"labels": self._labels},
            "template": template,
            "probe": self._probe,
        }
        api = "networking.istio.io/v1"
        meta = self._meta()
        return istio_object(
            self._parent, f"{self._name}-workload", api, "WorkloadGroup", meta, spec
        )
