"""The KMS key that encrypts one cluster's Secrets, for as long as the cluster lives.

Follows https://cloud.google.com/kubernetes-engine/docs/how-to/encrypting-secrets.
"""

import pulumi
import pulumi_gcp as gcp

from ._outputs import after

_ROTATION = f"{90 * 24 * 3600}s"


def secrets_key(
    parent: pulumi.Resource, name: str, project: pulumi.Input[str], region: str
) -> pulumi.Output[str]:
    """Id of a new key that GKE may use; needs the APIs of KMS and GKE.

    Google never gives the name of a key ring free again, not even after its deletion. So the ring
    has a name that the engine makes up: the cluster can be made again under its own.
    """
    child = pulumi.ResourceOptions(parent=parent)
    ring = gcp.kms.KeyRing(f"{name}-secrets", project=project, location=region, opts=child)
    key = gcp.kms.CryptoKey(
        f"{name}-secrets-key",
        name="secrets",
        key_ring=ring.id,
        purpose="ENCRYPT_DECRYPT",
        rotation_period=_ROTATION,
        opts=child,
    )
    gke = gcp.projects.ServiceIdentity(
        f"{name}-gke-agent", project=project, service="container.googleapis.com", opts=child
    )
    grant = gcp.kms.CryptoKeyIAMMember(
        f"{name}-secrets-key-gke",
        crypto_key_id=key.id,
        role="roles/cloudkms.cryptoKeyEncrypterDecrypter",
        member=gke.member,
        opts=child,
    )
    return after(key.id, [grant])
