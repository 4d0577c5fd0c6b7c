"""The stack's output `try`: commands with which a person looks at what was built."""

import pulumi

from stacks._names import compose
from stacks.spec import Platform


def to_try(spec: Platform) -> dict[str, pulumi.Input[object]]:
    """Commands by what they show; each runs as printed in a shell that has signed in."""
    commands: dict[str, pulumi.Input[object]] = {
        "mesh": f"gcloud container fleet mesh describe --project {spec.project}",
        "credentials": [
            f"gcloud container clusters get-credentials {compose(spec.prefix, cluster.name)} "
            f"--location {cluster.region} --project {spec.project}"
            for cluster in spec.clusters
        ],
        "routes": "kubectl get gateways.networking.istio.io,virtualservices,destinationrules -A",
        "permissions": "kubectl get peerauthentications,authorizationpolicies -A",
    }
    return commands
