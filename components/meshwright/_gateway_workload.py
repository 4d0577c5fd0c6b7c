"""The Kubernetes objects that run a gateway's Envoy pods."""

from collections.abc import Iterator

import pulumi
import pulumi_kubernetes as kubernetes

from ._outputs import after

# Istio looks in every namespace for the pods that a Gateway selects, unless it was told not to when
# it was installed; gateways of one name in two namespaces would serve each other's hosts. A name of
# a namespace is never too long for a label.
_NAMESPACE_LABEL = "meshwright/gateway-namespace"


class GatewayWorkload:
    """Makes the parts of one gateway, all under the same name, labels and namespace.

    `selector` tells its pods from others of the namespace.
    """

    def __init__(
        self,
        parent: pulumi.Resource,
        name: str,
        physical: str,
        selector: dict[str, pulumi.Input[str]],
        namespace: pulumi.Input[str],
        meta: "kubernetes.meta.v1.ObjectMetaArgsDict",
        annotations: dict[str, pulumi.Input[str]],
    ) -> None:
        self._opts = pulumi.ResourceOptions(parent=parent)
        self._name = name
        self._physical = physical
        self._selector = selector
        self._namespace = namespace
        self._meta = meta
        self._annotations = annotations

    def service_account(self) -> "kubernetes.core.v1.ServiceAccount":
        """The gateway's identity in the mesh, with leave to read certificates beside it.

        The control plane reads them in its name. The proxy itself never calls the API server: it
        shows the control plane a token of its own, which the webhook mounts.
        """
        account = kubernetes.core.v1.ServiceAccount(
            f"{self._name}-account",
            automount_service_account_token=False,
            metadata=self._meta,
            opts=self._opts,
        )
        role = kubernetes.rbac.v1.Role(
            f"{self._name}-role",
            metadata=self._meta,
            rules=[
                {"api_groups": [""], "resources": ["secrets"], "verbs": ["get", "watch", "list"]}
            ],
            opts=self._opts,
        )
        kubernetes.rbac.v1.RoleBinding(
            f"{self._name}-role-binding",
            metadata=self._meta,
            role_ref={
                "api_group": "rbac.authorization.k8s.io",
                "kind": "Role",
                "name": role.metadata.apply(lambda metadata: metadata.name or ""),
            },
            subjects=[{"kind": "ServiceAccount", "name": _name_of(account.metadata)}],
            opts=self._opts,
        )
        return account

    def deployment(
        self,
        *,
        account: "kubernetes.core.v1.ServiceAccount",
        revision: pulumi.Input[str] | None,
        cpu: pulumi.Input[str],
        memory: pulumi.Input[str],
    ) -> "kubernetes.apps.v1.Deployment":
        """Pods that the mesh's webhook fills in; they pass Pod Security `restricted`."""
        labels = {
            **self._selector,
            _NAMESPACE_LABEL: self._namespace,
            "sidecar.istio.io/inject": "true",
        }
        if revision is not None:
            labels["istio.io/rev"] = revision
        return kubernetes.apps.v1.Deployment(
            f"{self._name}-deployment",
            metadata=self._meta,
            spec={
                # The autoscaler owns the number of replicas, so that none stands here. A selector
                # cannot be changed, and this one need not tell namespaces apart.
                "selector": {"match_labels": self._selector},
                "template": {
                    "metadata": {
                        "labels": labels,
                        "annotations": {"inject.istio.io/templates": "gateway"},
                    },
                    "spec": {
                        "service_account_name": _name_of(account.metadata),
                        "security_context": {
                            "run_as_non_root": True,
                            "seccomp_profile": {"type": "RuntimeDefault"},
                            # Lets Envoy, which is not root, listen on 80 and 443.
                            "sysctls": [
                                {"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"}
                            ],
                        },
                        "topology_spread_constraints": [
                            {
                                "max_skew": 1,
                                "topology_key": "kubernetes.io/hostname",
                                "when_unsatisfiable": "ScheduleAnyway",
                                "label_selector": {"match_labels": self._selector},
                            }
                        ],
                        "containers": [
                            {
                                "name": "istio-proxy",
                                # The webhook puts the mesh's own image here.
                                "image": "auto",
                                "ports": [
                                    {"name": "http", "container_port": 80},
                                    {"name": "https", "container_port": 443},
                                    {"name": "status", "container_port": 15021},
                                ],
                                "resources": {
                                    "requests": {"cpu": cpu, "memory": memory},
                                    "limits": {"memory": memory},
                                },
                                "security_context": {
                                    "allow_privilege_escalation": False,
                                    "capabilities": {"drop": ["ALL"]},
                                    "privileged": False,
                                    "read_only_root_filesystem": True,
                                    "run_as_non_root": True,
                                    "run_as_user": 1337,
                                    "run_as_group": 1337,
                                },
                            }
                        ],
                    },
                },
            },
            opts=self._opts,
        )

    def in_mesh(self, deployment: "kubernetes.apps.v1.Deployment") -> dict[str, pulumi.Input[str]]:
        """The labels by which Istio's objects name these pods and no others of the cluster.

        They are known once the Deployment has been rolled out: pods of an older one may lack a
        label, and keep what they serve until they are replaced.
        """
        return {**self._selector, _NAMESPACE_LABEL: after(self._namespace, [deployment])}

    def load_balancer(
        self,
        *,
        internal: bool,
        address: pulumi.Input[str] | None,
        allowed_cidrs: list[pulumi.Input[str]] | None,
    ) -> "kubernetes.core.v1.Service":
        """A network load balancer; it keeps callers' addresses, for access logs and rules."""
        annotations: dict[str, pulumi.Input[str]] = {}
        if internal:
            annotations["networking.gke.io/load-balancer-type"] = "Internal"
        return self._service(
            {
                "type": "LoadBalancer",
                "external_traffic_policy": "Local",
                "load_balancer_ip": address,
                "load_balancer_source_ranges": allowed_cidrs,
            },
            annotations,
        )

    def cluster_service(self) -> "kubernetes.core.v1.Service":
        """Reached inside the cluster, and by load balancers that send to pods themselves."""
        return self._service({"type": "ClusterIP"}, {})

    def _service(
        self,
        spec: "kubernetes.core.v1.ServiceSpecArgsDict",
        annotations: dict[str, pulumi.Input[str]],
    ) -> "kubernetes.core.v1.Service":
        meta = self._meta.copy()
        meta["annotations"] = {**self._annotations, **annotations}
        spec["selector"] = self._selector
        spec["ports"] = [
            {"name": "status-port", "port": 15021, "target_port": 15021},
            {"name": "http2", "port": 80, "target_port": 80},
            # Google's load balancers take from the protocol that they must speak TLS here.
            {"name": "https", "port": 443, "target_port": 443, "app_protocol": "HTTPS"},
        ]
        return kubernetes.core.v1.Service(
            f"{self._name}-service", metadata=meta, spec=spec, opts=self._opts
        )

    def scaling(self, low: pulumi.Input[int], high: pulumi.Input[int]) -> None:
        """Between `low` and `high` pods, and never fewer than one during node upgrades."""
        kubernetes.autoscaling.v2.HorizontalPodAutoscaler(
            f"{self._name}-autoscaler",
            metadata=self._meta,
            spec={
                "scale_target_ref": {
                    "api_version": "apps/v1",
                    "kind": "Deployment",
                    "name": self._physical,
                },
                "min_replicas": low,
                "max_replicas": high,
                "metrics": [
                    {
                        "type": "Resource",
                        "resource": {
                            "name": "cpu",
                            "target": {"type": "Utilization", "average_utilization": 80},
                        },
                    }
                ],
            },
            opts=self._opts,
        )
        kubernetes.policy.v1.PodDisruptionBudget(
            f"{self._name}-budget",
            metadata=self._meta,
            spec={"max_unavailable": 1, "selector": {"match_labels": self._selector}},
            opts=self._opts,
        )


def _name_of(
    metadata: "pulumi.Output[kubernetes.meta.v1.outputs.ObjectMeta]",
) -> pulumi.Output[str]:
    return metadata.apply(lambda found: found.name or "")


def scaling_problems(
    fewest: pulumi.Input[int], most: pulumi.Input[int]
) -> Iterator[tuple[str, str]]:
    """What is wrong with the bounds between which a gateway's pods are scaled."""
    for path, bound in (("min_replicas", fewest), ("max_replicas", most)):
        if isinstance(bound, int) and bound < 1:
            yield path, f"{bound} is too few; a gateway has at least 1 pod"
    if isinstance(fewest, int) and isinstance(most, int) and fewest > most:
        yield "min_replicas", f"{fewest} is more than max_replicas {most}"
