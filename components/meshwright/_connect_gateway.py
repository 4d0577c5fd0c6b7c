"""The way to a cluster outside Google Cloud: through its fleet, by the Connect gateway."""

import pulumi

from ._kubeconfig import render_kubeconfig


def gateway_kubeconfig(membership: pulumi.Output[str]) -> pulumi.Output[str]:
    """Secret kubeconfig of a membership, `projects/NUMBER/locations/L/memberships/M`.

    Signing in is left to gke-gcloud-auth-plugin; the caller needs roles/gkehub.gatewayEditor, and
    rights inside the cluster (`admin_users`).
    """
    return pulumi.Output.secret(membership.apply(_render))


def _render(membership: str) -> str:
    _, number, _, location, _, short = membership.split("/")
    host = "connectgateway.googleapis.com"
    if location != "global":
        host = f"{location}-{host}"
    context = f"connectgateway_{number}_{location}_{short}"
    return render_kubeconfig(context, f"https://{host}/v1/{membership}", None)
