"""A cluster and a web server on it, as Google's and Pulumi's first pages show them.

After the example of `gcp.container.Cluster` with a node pool of its own in Pulumi's registry, and
GKE's quickstart that deploys a web server and exposes it. Nothing here knows of this project.
"""

import json

import pulumi
import pulumi_gcp as gcp
import pulumi_kubernetes as kubernetes

nodes = gcp.serviceaccount.Account("nodes", account_id="gke-nodes", display_name="GKE nodes")
cluster = gcp.container.Cluster(
    "primary",
    name="my-gke-cluster",
    location="us-central1",
    remove_default_node_pool=True,
    initial_node_count=1,
)
pool = gcp.container.NodePool(
    "primary-preemptible-nodes",
    name="my-node-pool",
    location="us-central1",
    cluster=cluster.name,
    node_count=1,
    node_config={
        "preemptible": True,
        "machine_type": "e2-medium",
        "service_account": nodes.email,
        "oauth_scopes": ["https://www.googleapis.com/auth/cloud-platform"],
    },
)


def kubeconfig(values: list[str]) -> str:
    """What `gcloud container clusters get-credentials` writes, as far as it is needed here."""
    name, endpoint, certificate = values
    server = {"server": f"https://{endpoint}", "certificate-authority-data": certificate}
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": "gke-gcloud-auth-plugin"}
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": name,
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
            "clusters": [{"name": name, "cluster": server}],
            "users": [{"name": name, "user": {"exec": plugin}}],
        }
    )


certificate = cluster.master_auth.cluster_ca_certificate
access = pulumi.Output.all(cluster.name, cluster.endpoint, certificate).apply(kubeconfig)
in_cluster = pulumi.ResourceOptions(
    provider=kubernetes.Provider("gke", kubeconfig=access), depends_on=[pool]
)
labels = {"app": "hello-server"}
container = {
    "name": "hello-app",
    "image": "us-docker.pkg.dev/google-samples/containers/gke/hello-app:1.0",
    "ports": [{"container_port": 8080}],
}
kubernetes.apps.v1.Deployment(
    "hello-server",
    metadata={"name": "hello-server", "labels": labels},
    spec={
        "replicas": 1,
        "selector": {"match_labels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
    },
    opts=in_cluster,
)
kubernetes.core.v1.Service(
    "hello-server",
    metadata={"name": "hello-server"},
    spec={
        "type": "LoadBalancer",
        "selector": labels,
        "ports": [{"port": 80, "target_port": 8080}],
    },
    opts=in_cluster,
)
