"""What a kubeconfig for a GKE cluster holds."""

import json


def render_kubeconfig(context: str, server: str, ca_certificate: str | None) -> str:
    """A kubeconfig, as JSON, that signs in by gke-gcloud-auth-plugin.

    It holds no credentials: the plugin takes the caller's own. Without `ca_certificate` the
    server's certificate must be publicly trusted, as DNS endpoints' and Connect gateway's are.
    """
    cluster: dict[str, str] = {"server": server}
    if ca_certificate:
        cluster["certificate-authority-data"] = ca_certificate
    config: dict[str, object] = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": context,
        "contexts": [{"name": context, "context": {"cluster": context, "user": context}}],
        "clusters": [{"name": context, "cluster": cluster}],
        "users": [
            {
                "name": context,
                "user": {
                    "exec": {
                        "apiVersion": "client.authentication.k8s.io/v1beta1",
                        "command": "gke-gcloud-auth-plugin",
                        "installHint": "Install gke-gcloud-auth-plugin: "
                        "gcloud components install gke-gcloud-auth-plugin",
                        "interactiveMode": "IfAvailable",
                        "provideClusterInfo": True,
                    }
                },
            }
        ],
    }
    return json.dumps(config, indent=2)


def context_name(project: str, location: str, cluster: str) -> str:
    """The context's name as `gcloud container clusters get-credentials` gives it."""
    return f"gke_{project}_{location}_{cluster}"
