"""Namespaces and what runs in them."""

import pulumi_kubernetes as kubernetes
from access import IN_SHOP


def declare() -> None:
    """Two namespaces, a Service and its settings, and three careless workloads."""
    kubernetes.core.v1.Namespace(  # K8S-01, K8S-04: no pod security level, no network policy
        "shop",
        # MESH-20: two owners of one injection
        metadata={
            "name": "shop",
            "labels": {"istio-injection": "enabled", "istio.io/rev": "asm-managed"},
        },
        opts=IN_SHOP,
    )
    kubernetes.core.v1.Namespace("outside", metadata={"name": "outside"}, opts=IN_SHOP)
    kubernetes.core.v1.Pod(  # MESH-07: its namespace is not in the mesh
        "batch",
        metadata={"name": "batch", "namespace": "outside"},
        spec={"containers": [{"name": "batch", "image": "europe-docker.pkg.dev/acme/batch:1"}]},
        opts=IN_SHOP,
    )
    kubernetes.core.v1.ConfigMap(  # SEC-01
        "settings",
        metadata={"name": "settings", "namespace": "shop"},
        data={"password": "correct horse battery staple"},
        opts=IN_SHOP,
    )
    kubernetes.core.v1.Service(  # MESH-12: which protocol?
        "carts",
        metadata={"name": "carts", "namespace": "shop"},
        spec={"selector": {"app": "carts"}, "ports": [{"name": "main", "port": 80}]},
        opts=IN_SHOP,
    )
    _deployment()
    _job_in_the_default_namespace()


def _deployment() -> None:
    container = {
        "name": "carts",
        "image": "docker.io/library/nginx:latest",  # K8S-07
        "env": [
            {"name": "DATABASE_PASSWORD", "value": "correct horse battery staple"},  # SEC-01
            {
                "name": "API_KEY",  # K8S-06
                "value_from": {"secret_key_ref": {"name": "api", "key": "key"}},
            },
        ],
        "security_context": {  # K8S-02, K8S-03
            "privileged": True,
            "allow_privilege_escalation": True,
            "run_as_user": 0,
            "capabilities": {"add": ["SYS_ADMIN"]},
        },
        "volume_mounts": [{"name": "host", "mount_path": "/host"}],
    }
    labels = {"app": "carts", "istio": "ingressgateway"}  # MESH-08
    kubernetes.apps.v1.Deployment(
        "carts",
        metadata={"name": "carts", "namespace": "shop"},
        spec={
            "selector": {"match_labels": {"app": "carts"}},
            "template": {
                "metadata": {
                    "labels": labels,
                    "annotations": {  # MESH-15
                        "traffic.sidecar.istio.io/excludeOutboundPorts": "443",
                    },
                },
                "spec": {
                    "host_network": True,  # K8S-02
                    "host_pid": True,
                    "containers": [container],
                    "volumes": [{"name": "host", "host_path": {"path": "/"}}],
                },
            },
        },
        opts=IN_SHOP,
    )


def _job_in_the_default_namespace() -> None:
    kubernetes.batch.v1.Job(  # K8S-03, K8S-06
        "migrate",
        metadata={"name": "migrate"},
        spec={
            "template": {
                "metadata": {"labels": {"sidecar.istio.io/inject": "false"}},  # MESH-07
                "spec": {
                    "restart_policy": "Never",
                    "automount_service_account_token": True,
                    "containers": [{"name": "migrate", "image": "migrate"}],
                },
            }
        },
        opts=IN_SHOP,
    )
