"""The template of a group's machines, under a name that tells its contents apart.

A template never changes: a new one takes its place, and both exist while machines are exchanged.
So its name ends in a digest of what it says, the same for the same contents.
"""

import hashlib

import pulumi
import pulumi_gcp as gcp

_DIGEST_LENGTH = 8


def instance_template(
    parent: pulumi.Resource,
    name: str,
    physical: str,
    *,
    project: pulumi.Input[str],
    machine_type: pulumi.Input[str],
    image: pulumi.Input[str],
    disk_size_gb: pulumi.Input[int],
    disk_kms_key: pulumi.Input[str] | None,
    subnetwork: pulumi.Input[str],
    service_account: pulumi.Input[str],
    labels: dict[str, pulumi.Input[str]],
    metadata: pulumi.Output[dict[str, str]],
) -> "gcp.compute.InstanceTemplate":
    """A template of private, shielded machines that sign in users by IAM alone."""
    contents = pulumi.Output.json_dumps(
        {
            "machine_type": machine_type,
            "image": [image, disk_size_gb, disk_kms_key],
            "subnetwork": subnetwork,
            "service_account": service_account,
            "labels": labels,
            "metadata": metadata,
        },
        sort_keys=True,
    )
    disk: gcp.compute.InstanceTemplateDiskArgsDict = {
        "source_image": image,
        "disk_size_gb": disk_size_gb,
        "disk_type": "pd-balanced",
        "auto_delete": True,
        "boot": True,
    }
    if disk_kms_key is not None:
        disk["disk_encryption_key"] = {"kms_key_self_link": disk_kms_key}
    return gcp.compute.InstanceTemplate(
        f"{name}-template",
        # A digest gives no secret away that a start script may hold.
        name=pulumi.Output.unsecret(contents).apply(lambda text: f"{physical}-{_digest(text)}"),
        project=project,
        machine_type=machine_type,
        disks=[disk],
        network_interfaces=[{"subnetwork": subnetwork}],  # no address that the internet reaches
        service_account={
            "email": service_account,
            # What it may do is decided by its roles.
            "scopes": ["https://www.googleapis.com/auth/cloud-platform"],
        },
        shielded_instance_config={
            "enable_secure_boot": True,
            "enable_vtpm": True,
            "enable_integrity_monitoring": True,
        },
        metadata=metadata.apply(
            lambda found: {
                "enable-oslogin": "TRUE",
                "block-project-ssh-keys": "TRUE",
                "serial-port-enable": "FALSE",
                **found,
            }
        ),
        labels=labels,
        opts=pulumi.ResourceOptions(parent=parent),
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGEST_LENGTH]
