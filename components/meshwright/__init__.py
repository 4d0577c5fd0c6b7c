"""Components for a service-mesh platform on Google Cloud."""

from ._node_pools import NodePoolArgs, NodeTaintArgs
from ._shared_vpc import ServiceProjectArgs
from ._validation import ArgumentError
from .cluster import AuthorizedNetworkArgs, GkeCluster, GkeClusterArgs
from .fleet import Fleet, FleetArgs, FleetMemberArgs
from .fleet_features import FleetClustersArgs, FleetFeatures, FleetFeaturesArgs
from .gateway import IngressGateway, IngressGatewayArgs
from .kubeconfig import ClusterAccess, cluster_access
from .logging import BigQueryArgs, LogBucketArgs, LogExclusionArgs, LogSink, LogSinkArgs
from .mesh import ManagedMesh, ManagedMeshArgs, MeshMemberArgs
from .namespace import MeshNamespace, MeshNamespaceArgs
from .network import MeshNetwork, MeshNetworkArgs, SubnetArgs, SubnetResult
from .readiness import MeshReadiness, MeshReadinessMemberArgs
from .security import AllowRuleArgs, MeshSecurity, MeshSecurityArgs
from .telemetry import MeshTelemetry, MeshTelemetryArgs
from .traffic import RetryArgs, RouteVersionArgs, TrafficRoute, TrafficRouteArgs

__all__ = [
    "AllowRuleArgs",
    "ArgumentError",
    "AuthorizedNetworkArgs",
    "BigQueryArgs",
    "ClusterAccess",
    "Fleet",
    "FleetArgs",
    "FleetClustersArgs",
    "FleetFeatures",
    "FleetFeaturesArgs",
    "FleetMemberArgs",
    "GkeCluster",
    "GkeClusterArgs",
    "IngressGateway",
    "IngressGatewayArgs",
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
    "NodePoolArgs",
    "NodeTaintArgs",
    "RetryArgs",
    "RouteVersionArgs",
    "ServiceProjectArgs",
    "SubnetArgs",
    "SubnetResult",
    "TrafficRoute",
    "TrafficRouteArgs",
    "cluster_access",
]
