"""GKE On-Prem: user clusters on bare metal and on VMware; nothing is installed anywhere.

Rules follow
https://cloud.google.com/kubernetes-engine/distributed-cloud/reference/on-prem-api-overview
and the argument reference of the provider's resources.
"""

from meshwright_sandbox.core.service import Service
from meshwright_sandbox.services import locations
from meshwright_sandbox.services.onprem import bare_metal, vmware

SERVICE = Service(
    name="gkeonprem",
    versions={"v1": "gkeonprem.v1"},
    proto="google.cloud.gkeonprem",
    must_be_enabled=True,
    methods=locations.methods(),
    collections=(*bare_metal.COLLECTIONS, *vmware.COLLECTIONS),
)
