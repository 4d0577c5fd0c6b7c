"""A runtime without processes, for tests of the API surface and `sandbox up --clusters none`."""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64encode
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa

from meshwright_sandbox.runtime.certificates import CertificateAuthority
from meshwright_sandbox.runtime.interface import (
    ClusterAccess,
    ClusterRequest,
    FleetRole,
    LoadBalancing,
    MeshRequest,
    NodePool,
)


class NullRuntime:
    """Clusters that are RUNNING on paper only: endpoint ``127.0.0.1:1``, no processes."""

    def __init__(self) -> None:
        # A real certificate, since clients parse what the API shows even if they never dial it.
        self._ca_certificate = CertificateAuthority.generate().certificate
        self.clusters: dict[tuple[str, str, str], ClusterRequest] = {}
        self.meshes: dict[tuple[str, str, str], MeshRequest] = {}
        self.roles: dict[tuple[str, str, str], FleetRole | None] = {}

    def start(self, request: ClusterRequest) -> ClusterAccess:
        self.clusters[(request.project, request.location, request.name)] = request
        return ClusterAccess(
            endpoint="127.0.0.1:1",
            ca_certificate=self._ca_certificate,
            private_endpoint="10.0.0.2",
            token=secrets.token_urlsafe(8),
            signing_keys=(_signing_key(),),
        )

    def stop(self, project: str, location: str, name: str) -> None:
        self.meshes.pop((project, location, name), None)
        self.clusters.pop((project, location, name), None)

    def set_node_pools(
        self, project: str, location: str, name: str, pools: tuple[NodePool, ...]
    ) -> None:
        return None

    def start_mesh(self, project: str, location: str, name: str, mesh: MeshRequest) -> None:
        self.meshes[(project, location, name)] = mesh

    def stop_mesh(self, project: str, location: str, name: str) -> None:
        self.meshes.pop((project, location, name), None)

    def use_load_balancing(self, load_balancing: LoadBalancing) -> None:
        return None

    def set_fleet_role(
        self, project: str, location: str, name: str, role: FleetRole | None
    ) -> None:
        self.roles[(project, location, name)] = role

    def resume(self) -> None:
        return None

    def close(self) -> None:
        return None


@cache
def _signing_key() -> dict[str, Any]:
    """A real public key, as of an API server; no token was ever signed with its other half."""
    numbers = rsa.generate_private_key(65537, 2048).public_key().public_numbers()
    return {
        "use": "sig",
        "kty": "RSA",
        "kid": secrets.token_urlsafe(32),
        "alg": "RS256",
        "n": _base64url(numbers.n),
        "e": _base64url(numbers.e),
    }


def _base64url(number: int) -> str:
    content = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return urlsafe_b64encode(content).rstrip(b"=").decode()
