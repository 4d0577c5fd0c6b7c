"""Components for a service-mesh platform on Google Cloud."""

from ._gke_gateway import IapArgs, LoadBalancerArgs
from ._jwt import JwtIssuerArgs
from ._node_pools import NodePoolArgs, NodeTaintArgs
from ._shared_vpc import ServiceProjectArgs
from ._validation import ArgumentError
from .cluster import AuthorizedNetworkArgs, GkeCluster, GkeClusterArgs
from .egress import EgressGateway, EgressGatewayArgs, EgressHostArgs
from .fleet import Fleet, FleetArgs, FleetMemberArgs
from .fleet_features import FleetClustersArgs, FleetFeatures, FleetFeaturesArgs
from .gateway import IngressGateway, IngressGatewayArgs
from .kubeconfig import ClusterAccess, cluster_access
from .logging import BigQueryArgs, LogBucketArgs, LogExclusionArgs, LogSink, LogSinkArgs
from .mesh import ManagedMesh, ManagedMeshArgs, MeshMemberArgs
from .multicluster_gateway import (
    GatewayBackendArgs,
    MultiClusterGateway,
    MultiClusterGatewayArgs,
    ServiceExport,
    ServiceExportArgs,
)
from .namespace import MeshNamespace, MeshNamespaceArgs
from .network import MeshNetwork, MeshNetworkArgs, SubnetArgs, SubnetResult
from .readiness import MeshReadiness, MeshReadinessMemberArgs
from .security import AllowRuleArgs, JwtRuleArgs, MeshSecurity, MeshSecurityArgs, PlaintextArgs
from .telemetry import MeshTelemetry, MeshTelemetryArgs
from .traffic import RetryArgs, RouteVersionArgs, TrafficRoute, TrafficRouteArgs

__all__ = [
    "AllowRuleArgs",
    "ArgumentError",
    "AuthorizedNetworkArgs",
    "BigQueryArgs",
    "ClusterAccess",
    "EgressGateway",
    "EgressGatewayArgs",
    "EgressHostArgs",
    "Fleet",
    "FleetArgs",
    "FleetClustersArgs",
    "FleetFeatures",
    "FleetFeaturesArgs",
    "FleetMemberArgs",
    "GatewayBackendArgs",
    "GkeCluster",
    "GkeClusterArgs",
    "IapArgs",
    "IngressGateway",
    "IngressGatewayArgs",
    "JwtIssuerArgs",
    "JwtRuleArgs",
    "LoadBalancerArgs",
    "LogBucketArgs",
    "LogExclusionArgs",
    "LogSink",
    "LogSinkArgs",
    "ManagedMesh",
    "ManagedMeshArgs",
    "MeshMemberArgs",
    "MeshNamespace",
    "MeshNamespaceArgs",
    "MeshNetwork",
    "MeshNetworkArgs",
    "MeshReadiness",
    "MeshReadinessMemberArgs",
    "MeshSecurity",
    "MeshSecurityArgs",
    "MeshTelemetry",
    "MeshTelemetryArgs",
    "MultiClusterGateway",
    "MultiClusterGatewayArgs",
    "NodePoolArgs",
    "NodeTaintArgs",
    "PlaintextArgs",
    "RetryArgs",
    "RouteVersionArgs",
    "ServiceExport",
    "ServiceExportArgs",
    "ServiceProjectArgs",
    "SubnetArgs",
    "SubnetResult",
    "TrafficRoute",
    "TrafficRouteArgs",
    "cluster_access",
]
