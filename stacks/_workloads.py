"""A service's objects in one cluster: account, Service, one Deployment a version.

Pods meet the Pod Security level `restricted`
(https://kubernetes.io/docs/concepts/security/pod-security-standards/).
"""

# Annotations that name an SDK's types would load them before a spec is even read.
from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_kubernetes as kubernetes

from stacks.spec_services import Service, Version

USER = 65532
"""The user `nonroot` of distroless images; a number, so the kubelet can tell it is not root."""


def service(
    name: str,
    service: Service,
    namespace: pulumi.Input[str],
    labels: Mapping[str, str],
    opts: pulumi.ResourceOptions,
) -> kubernetes.core.v1.Service:
    """Build what a service is in one cluster; the Service object is what routes depend on.

    Args:
        name: Prefix of the resources' logical names.
        service: What the spec says.
        namespace: Namespace, once it takes workloads.
        labels: Labels of every object.
        opts: Provider of the cluster.
    """
    app = {"app": service.name}
    account = kubernetes.core.v1.ServiceAccount(
        f"{name}-account",
        metadata={"name": service.name, "namespace": namespace, "labels": {**labels, **app}},
        automount_service_account_token=False,
        opts=opts,
    )
    for version in service.versions:
        _deployment(f"{name}-{version.name}", service, version, account, labels, opts)
    # Machines that answer beside the pods ask for the account's token as soon as they start.
    after = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[account]))
    return address(name, service, namespace, labels, after)


def address(
    name: str,
    service: Service,
    namespace: pulumi.Input[str],
    labels: Mapping[str, str],
    opts: pulumi.ResourceOptions,
) -> kubernetes.core.v1.Service:
    """The Service alone; in a cluster without its pods, its name leads to those of others.

    The arguments are those of `service`.
    """
    app = {"app": service.name}
    return kubernetes.core.v1.Service(
        name,
        metadata={"name": service.name, "namespace": namespace, "labels": {**labels, **app}},
        spec={
            "selector": app,
            "ports": [
                {
                    "name": service.protocol,
                    "port": service.port,
                    "target_port": service.protocol,
                    "app_protocol": service.protocol,
                }
            ],
        },
        opts=opts,
    )


def _deployment(
    name: str,
    service: Service,
    version: Version,
    account: kubernetes.core.v1.ServiceAccount,
    labels: Mapping[str, str],
    opts: pulumi.ResourceOptions,
) -> kubernetes.apps.v1.Deployment:
    pods = {"app": service.name, "version": version.name}
    return kubernetes.apps.v1.Deployment(
        name,
        metadata={
            "name": f"{service.name}-{version.name}",
            "namespace": account.metadata["namespace"],
            "labels": {**labels, **pods},
        },
        spec={
            "replicas": version.replicas,
            "selector": {"match_labels": pods},
            "template": {
                "metadata": {"labels": {**labels, **pods}},
                "spec": {
                    "service_account_name": account.metadata["name"],
                    "automount_service_account_token": False,
                    "security_context": {
                        "run_as_non_root": True,
                        "run_as_user": USER,
                        "run_as_group": USER,
                        "seccomp_profile": {"type": "RuntimeDefault"},
                    },
                    "containers": [
                        {
                            "name": service.name,
                            "image": version.image,
                            "ports": [{"name": service.protocol, "container_port": service.port}],
                            "readiness_probe": {"tcp_socket": {"port": service.protocol}},
                            "resources": {
                                "requests": {"cpu": "100m", "memory": "128Mi"},
                                "limits": {"memory": "128Mi"},
                            },
                            "security_context": {
                                "allow_privilege_escalation": False,
                                "capabilities": {"drop": ["ALL"]},
                                "read_only_root_filesystem": True,
                            },
                        }
                    ],
                },
            },
        },
        opts=opts,
    )
