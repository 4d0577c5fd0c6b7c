"""An ingress gateway: Envoy pods that the mesh injects, behind a load balancer, serving HTTPS.

Follows https://cloud.google.com/service-mesh/docs/operate-and-maintain/gateways and
https://istio.io/latest/docs/tasks/traffic-management/ingress/secure-ingress/.
"""

from typing import NotRequired, TypedDict

import pulumi


class IngressGatewayArgs(TypedDict):
    """What an IngressGateway is made from."""

    namespace: pulumi.Input[str]
    """Namespace of the gateway, a MeshNamespace of its own."""
    hosts: list[str]
    """Host names it serves; `*` alone is refused."""
    tls_secret: pulumi.Input[str]
    """Name of the Secret (type kubernetes.io/tls) with the certificate, in the gateway's namespace."""
    gateway: NotRequired[str]
    """Name of the gateway's objects. Default: the component's name."""
    revision: NotRequired[pulumi.Input[str]]
    """ManagedMesh.revision: injects the pods, and the objects are made once it is known. Default: the namespace's."""
    min_replicas: NotRequired[pulumi.Input[int]]
    """Fewest pods. Default: 2."""
    max_replicas: NotRequired[pulumi.Input[int]]
    """Most pods. Default: 5."""
    cpu: NotRequired[pulumi.Input[str]]
    """CPU request of a pod. Default: `250m`."""
    memory: NotRequired[pulumi.Input[str]]
    """Memory request and limit of a pod. Default: `256Mi`."""
    internal: NotRequired[bool]
    """Whether the load balancer is internal to the VPC. Default: false."""
    load_balancer_ip: NotRequired[pulumi.Input[str]]
    """Reserved address of the load balancer. Default: Google chooses one."""
    allowed_cidrs: NotRequired[list[str]]
    """Ranges that the load balancer lets in. Default: all."""


class IngressGateway(pulumi.ComponentResource):
    """An ingress gateway."""

    gateway: pulumi.Output[str]
    """`namespace/name` of the Istio Gateway, as routes name it."""
    address: pulumi.Output[str]
    """Address of the load balancer, once it has one and pods serve."""
    service_account: pulumi.Output[str]
    """`namespace/service-account`: how rules name the gateway as a caller."""

    def __init__(
        self, name: str, args: IngressGatewayArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("meshwright:index:IngressGateway", name, {}, opts)
