"""A namespace with one object of each behaviour that the plugin's tests look at."""

from pathlib import Path

import pulumi
import pulumi_kubernetes as kubernetes

config = pulumi.Config()
names = {"app": config.get("app") or "web"}
cluster = kubernetes.Provider(
    "cluster",
    kubeconfig=Path(config.require("kubeconfig")).read_text(),
    enable_patch_force=config.get_bool("force"),
)
inside = pulumi.ResourceOptions(provider=cluster)

shop = kubernetes.core.v1.Namespace("shop", metadata={"name": "shop"}, opts=inside)
place = shop.metadata.name
settings = kubernetes.core.v1.ConfigMap(
    "settings",
    metadata={"name": "settings", "namespace": place},
    data={config.get("key") or "colour": config.get("colour") or "red"},
    opts=inside,
)
named = kubernetes.core.v1.ConfigMap(
    "named", metadata={"namespace": place}, data={"a": config.get("colour") or "red"}, opts=inside
)
kubernetes.core.v1.Secret(
    "login",
    metadata={"name": "login", "namespace": place},
    string_data={"password": "canary-of-the-login"},
    opts=inside,
)
kubernetes.apps.v1.Deployment(
    "web",
    metadata={"name": "web", "namespace": place},
    spec={
        "replicas": config.get_int("replicas") or 1,
        "selector": {"match_labels": names},
        "template": {
            "metadata": {"labels": names},
            "spec": {
                "containers": [{"name": "web", "image": config.get("image") or "nginx"}],
                "node_selector": {"pool": config.get("pool")} if config.get("pool") else None,
            },
        },
    },
    opts=pulumi.ResourceOptions.merge(
        inside,
        pulumi.ResourceOptions(
            custom_timeouts=pulumi.CustomTimeouts(update=config.get("patience") or "60s")
        ),
    ),
)
service = kubernetes.core.v1.Service(
    "web",
    metadata={"name": "web", "namespace": place},
    spec={"selector": names, "ports": [{"port": 80}]},
    opts=inside,
)
# On purpose without a dependency on its definition: the plugin waits for it.
kubernetes.apiextensions.CustomResource(
    "gizmo",
    api_version="tests.meshwright.dev/v1",
    kind="Gizmo",
    metadata={"name": "gizmo", "namespace": place},
    spec={"size": config.get_int("size") or 3},
    opts=inside,
)
kubernetes.apiextensions.v1.CustomResourceDefinition(
    "gizmos",
    metadata={"name": "gizmos.tests.meshwright.dev"},
    spec={
        "group": "tests.meshwright.dev",
        "scope": "Namespaced",
        "names": {"plural": "gizmos", "kind": "Gizmo"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {
                    "open_apiv3_schema": {
                        "type": "object",
                        "properties": {
                            "spec": {
                                "type": "object",
                                "properties": {"size": {"type": "integer"}},
                            }
                        },
                    }
                },
            }
        ],
    },
    opts=inside,
)

pulumi.export("address", service.spec.cluster_ip)
pulumi.export("name", named.metadata.name)
