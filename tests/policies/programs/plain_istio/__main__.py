"""Istio's Bookinfo with its gateway and a canary of one service, as Istio's first pages show them.

After "Bookinfo Application" (injection on in namespace default, four services, a gateway for every
host), "Request Routing" (destination rules) and "Traffic Shifting" (reviews 50/50), in a cluster
that is there already. Nothing here knows of this project.
"""

import pulumi
import pulumi_kubernetes as kubernetes

IMAGES = "docker.io/istio/examples-bookinfo"
ISTIO = "networking.istio.io/v1"
VERSIONS = {
    "details": ["v1"],
    "ratings": ["v1"],
    "reviews": ["v1", "v2", "v3"],
    "productpage": ["v1"],
}
PAGES = [
    {"exact": "/productpage"},
    {"prefix": "/static"},
    {"exact": "/login"},
    {"exact": "/logout"},
]

in_cluster = pulumi.ResourceOptions(
    provider=kubernetes.Provider("laptop", context="minikube", kubeconfig="kubeconfig.yaml")
)
kubernetes.core.v1.NamespacePatch(
    "default",
    metadata={"name": "default", "labels": {"istio-injection": "enabled"}},
    opts=in_cluster,
)


def deployment(app: str, version: str) -> None:
    """One version of one service."""
    labels = {"app": app, "version": version}
    container = {
        "name": app,
        "image": f"{IMAGES}-{app}-{version}:1.20.3",
        "image_pull_policy": "IfNotPresent",
        "ports": [{"container_port": 9080}],
    }
    volumes = []
    if app in ("reviews", "productpage"):
        container["volume_mounts"] = [{"name": "tmp", "mount_path": "/tmp"}]
        volumes = [{"name": "tmp", "empty_dir": {}}]
    kubernetes.apps.v1.Deployment(
        f"{app}-{version}",
        metadata={"name": f"{app}-{version}", "labels": labels},
        spec={
            "replicas": 1,
            "selector": {"match_labels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "service_account_name": f"bookinfo-{app}",
                    "containers": [container],
                    "volumes": volumes,
                },
            },
        },
        opts=in_cluster,
    )


def istio(kind: str, name: str, spec: dict) -> None:
    """One object of Istio's networking API."""
    kubernetes.apiextensions.CustomResource(
        f"{name}-{kind.lower()}",
        api_version=ISTIO,
        kind=kind,
        metadata={"name": name},
        spec=spec,
        opts=in_cluster,
    )


for app, versions in VERSIONS.items():
    kubernetes.core.v1.Service(
        app,
        metadata={"name": app, "labels": {"app": app, "service": app}},
        spec={"selector": {"app": app}, "ports": [{"port": 9080, "name": "http"}]},
        opts=in_cluster,
    )
    kubernetes.core.v1.ServiceAccount(
        f"bookinfo-{app}",
        metadata={"name": f"bookinfo-{app}", "labels": {"account": app}},
        opts=in_cluster,
    )
    for version in versions:
        deployment(app, version)
    subsets = [{"name": version, "labels": {"version": version}} for version in versions]
    istio("DestinationRule", app, {"host": app, "subsets": subsets})

istio(
    "Gateway",
    "bookinfo-gateway",
    {
        "selector": {"istio": "ingressgateway"},
        "servers": [{"port": {"number": 8080, "name": "http", "protocol": "HTTP"}, "hosts": ["*"]}],
    },
)
page = {"destination": {"host": "productpage", "port": {"number": 9080}}}
istio(
    "VirtualService",
    "bookinfo",
    {
        "hosts": ["*"],
        "gateways": ["bookinfo-gateway"],
        "http": [{"match": [{"uri": uri} for uri in PAGES], "route": [page]}],
    },
)
halves = [
    {"destination": {"host": "reviews", "subset": subset}, "weight": 50} for subset in ("v1", "v3")
]
istio("VirtualService", "reviews", {"hosts": ["reviews"], "http": [{"route": halves}]})
