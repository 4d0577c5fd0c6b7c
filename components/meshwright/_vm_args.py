"""The arguments of a group of machines."""

from typing import NotRequired, TypedDict

import pulumi

from ._vm_group import VmStickyArgs
from ._workload_group import VmWorkloadGroupArgs


class MeshVmGroupArgs(TypedDict):
    """What a MeshVmGroup is made from."""

    project: pulumi.Input[str]
    """Id of the project that owns the machines."""
    region: str
    """Region of the machines, such as `europe-west1`."""
    subnetwork: pulumi.Input[str]
    """Id or self link of the subnet."""
    port: int
    """Port at which the workload serves, 1 to 65535."""
    mode: NotRequired[str]
    """How machines join: `service-proxy` (Google's control plane and a Mesh of the service routing
    API; no mTLS with GKE) or `workload-group` (an Istio mesh). Default: `service-proxy`."""
    mesh: NotRequired[pulumi.Input[str]]
    """Id of the Mesh to join, another group's MeshVmGroup.mesh; only with `service-proxy`.
    Default: one is made here."""
    failover_groups: NotRequired[list[pulumi.Input[str]]]
    """Instance groups of other regions that serve the same, MeshVmGroup.instance_group: calls go to
    them while the caller's region has no healthy machine of the backend service, and callers of
    their regions go to them first; only with `service-proxy`. Default: none."""
    sticky: NotRequired[VmStickyArgs]
    """What keeps a caller at one machine of the backend service; only with `service-proxy`.
    Default: each call is shared out anew."""
    workload_group: NotRequired[VmWorkloadGroupArgs]
    """The Istio mesh to join; needed with `workload-group`, and only there. Default: none."""
    prefix: NotRequired[str]
    """Put before every physical name, joined by `-`. Default: none."""
    project_number: NotRequired[pulumi.Input[str]]
    """Number of the project. Default: looked up."""
    zones: NotRequired[list[str]]
    """Zones of the region to use; they cannot be changed. Default: three that Google picks."""
    protocol: NotRequired[str]
    """`HTTP`, `HTTP2`, `GRPC` or `TCP`. Default: `HTTP`."""
    health_path: NotRequired[str]
    """Path of the health check, for `HTTP` and `HTTP2`. Default: `/`."""
    machine_type: NotRequired[pulumi.Input[str]]
    """Machine type. Default: `e2-standard-2`."""
    image: NotRequired[pulumi.Input[str]]
    """Image of the boot disk, `projects/P/global/images/N` or `.../images/family/F`. Default: the
    newest Debian 12."""
    disk_size_gb: NotRequired[pulumi.Input[int]]
    """Size of the boot disk, GB. Default: 20."""
    boot_disk_kms_key: NotRequired[pulumi.Input[str]]
    """KMS key of the boot disks, EncryptionKey.key_id; Compute Engine's service agent must be
    allowed to use it. Default: Google's own key."""
    startup_script: NotRequired[pulumi.Input[str]]
    """Shell script that installs and starts the workload, with its `#!` line. Default: none, the
    image brings it."""
    min_replicas: NotRequired[int]
    """Fewest machines. Default: 2."""
    max_replicas: NotRequired[int]
    """Most machines. Default: 6."""
    target_cpu_percent: NotRequired[int]
    """CPU use that the autoscaler holds, percent, 1 to 100. Default: 60."""
    initial_delay_seconds: NotRequired[int]
    """Seconds that a new machine has before it must be healthy, 0 to 3600. Default: 300."""
    service_account: NotRequired[pulumi.Input[str]]
    """E-mail of the machines' service account, which needs `roles/trafficdirector.client`.
    Default: one is made, with only what a proxy needs."""
    proxy_port: NotRequired[int]
    """Port at which the proxy takes what leaves a machine, 1 to 65535. Default: 15001."""
    intercept_all_outbound: NotRequired[bool]
    """Whether all that leaves a machine passes through its proxy, not calls to services alone.
    Default: false."""
    tracing: NotRequired[bool]
    """Whether proxies send traces. Default: false."""
    access_logs: NotRequired[bool]
    """Whether machines send their proxies' access logs to Cloud Logging, by Google's Ops Agent: who
    called, from which address, with what result, as log `envoy-access` of `gce_instance`; only with
    `service-proxy`. Default: false."""
    labels: NotRequired[dict[str, pulumi.Input[str]]]
    """Labels of the machines and of what their proxies tell of themselves. Default: none."""
    enable_api: NotRequired[bool]
    """Whether to enable the APIs that are needed here first. Default: true."""
