"""Components for a service-mesh platform on Google Cloud."""

from ._attached_args import AttachedClusterArgs, EksClusterArgs
from ._bare_metal import BareMetalClusterArgs, BareMetalNodePoolArgs
from ._cluster_args import AuthorizedNetworkArgs, GkeClusterArgs
from ._gke_gateway import IapArgs, LoadBalancerArgs
from ._istio_charts import ControlPlaneRevisionArgs
from ._jwt import JwtIssuerArgs
from ._log_destination_args import BigQueryArgs, LogBucketArgs, PubSubArgs, StorageArgs
from ._node_pools import NodePoolArgs, NodeTaintArgs
from ._on_prem_addresses import LoadBalancerPoolArgs
from ._proxy_metrics import MetricOverrideArgs
from ._shared_vpc import ServiceProjectArgs
from ._traffic_args import (
    RetryArgs,
    RouteAbortArgs,
    RouteCookieArgs,
    RouteDelayArgs,
    RouteFaultArgs,
    RouteMatchArgs,
    RouteMirrorArgs,
    RouteOutlierDetectionArgs,
    RouteStickyArgs,
    RouteVersionArgs,
    TrafficRouteArgs,
)
from ._validation import ArgumentError
from ._vm_args import MeshVmGroupArgs
from ._vm_group import VmStickyArgs
from ._vmware import VmwareClusterArgs, VmwareNodePoolArgs
from ._workload_group import VmWorkloadGroupArgs
from .alerts import BurnRateArgs, MeshAlerts, MeshAlertsArgs
from .attached import AttachedCluster
from .certificate_authority import MeshCertificateAuthority, MeshCertificateAuthorityArgs
from .certificates import CertificateMap, CertificateMapArgs, DnsRecordResult
from .cloud_run import MeshCloudRunService, MeshCloudRunServiceArgs
from .cluster import GkeCluster
from .egress import EgressGateway, EgressGatewayArgs, EgressHostArgs
from .fleet import Fleet, FleetArgs, FleetMemberArgs
from .fleet_features import FleetClustersArgs, FleetFeatures, FleetFeaturesArgs
from .gateway import IngressGateway, IngressGatewayArgs
from .incluster import InClusterMesh, InClusterMeshArgs
from .istio import IstioCertificateAuthorityArgs, IstioMesh, IstioMeshArgs
from .kms import EncryptionKey, EncryptionKeyArgs
from .kubeconfig import ClusterAccess, cluster_access
from .logging import LogExclusionArgs, LogSink, LogSinkArgs
from .mesh import ManagedMesh, ManagedMeshArgs, MeshMemberArgs
from .monitoring import MeshDashboard, MeshDashboardArgs
from .multicluster_gateway import (
    GatewayBackendArgs,
    MultiClusterGateway,
    MultiClusterGatewayArgs,
    ServiceExport,
    ServiceExportArgs,
)
from .namespace import MeshNamespace, MeshNamespaceArgs
from .network import MeshNetwork, MeshNetworkArgs, SubnetArgs, SubnetResult
from .onprem import ExistingClusterArgs, OnPremCluster, OnPremClusterArgs
from .readiness import MeshReadiness, MeshReadinessMemberArgs
from .remote_secret import IstioRemoteSecret, IstioRemoteSecretArgs
from .rollout import Rollout, RolloutAnalysisArgs, RolloutMetricsArgs, RolloutStepArgs
from .security import AllowRuleArgs, JwtRuleArgs, MeshSecurity, MeshSecurityArgs, PlaintextArgs
from .slo import MeshSlo, MeshSloArgs
from .telemetry import MeshTelemetry, MeshTelemetryArgs, TracingTagArgs
from .traffic import TrafficRoute
from .vm import MeshVmGroup

__all__ = [
    "AllowRuleArgs",
    "ArgumentError",
    "AttachedCluster",
    "AttachedClusterArgs",
    "AuthorizedNetworkArgs",
    "BareMetalClusterArgs",
    "BareMetalNodePoolArgs",
    "BigQueryArgs",
    "BurnRateArgs",
    "CertificateMap",
    "CertificateMapArgs",
    "ClusterAccess",
    "ControlPlaneRevisionArgs",
    "DnsRecordResult",
    "EgressGateway",
    "EgressGatewayArgs",
    "EgressHostArgs",
    "EksClusterArgs",
    "EncryptionKey",
    "EncryptionKeyArgs",
    "ExistingClusterArgs",
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
    "InClusterMesh",
    "InClusterMeshArgs",
    "IngressGateway",
    "IngressGatewayArgs",
    "IstioCertificateAuthorityArgs",
    "IstioMesh",
    "IstioMeshArgs",
    "IstioRemoteSecret",
    "IstioRemoteSecretArgs",
    "JwtIssuerArgs",
    "JwtRuleArgs",
    "LoadBalancerArgs",
    "LoadBalancerPoolArgs",
    "LogBucketArgs",
    "LogExclusionArgs",
    "LogSink",
    "LogSinkArgs",
    "ManagedMesh",
    "ManagedMeshArgs",
    "MeshAlerts",
    "MeshAlertsArgs",
    "MeshCertificateAuthority",
    "MeshCertificateAuthorityArgs",
    "MeshCloudRunService",
    "MeshCloudRunServiceArgs",
    "MeshDashboard",
    "MeshDashboardArgs",
    "MeshMemberArgs",
    "MeshNamespace",
    "MeshNamespaceArgs",
    "MeshNetwork",
    "MeshNetworkArgs",
    "MeshReadiness",
    "MeshReadinessMemberArgs",
    "MeshSecurity",
    "MeshSecurityArgs",
    "MeshSlo",
    "MeshSloArgs",
    "MeshTelemetry",
    "MeshTelemetryArgs",
    "MeshVmGroup",
    "MeshVmGroupArgs",
    "MetricOverrideArgs",
    "MultiClusterGateway",
    "MultiClusterGatewayArgs",
    "NodePoolArgs",
    "NodeTaintArgs",
    "OnPremCluster",
    "OnPremClusterArgs",
    "PlaintextArgs",
    "PubSubArgs",
    "RetryArgs",
    "Rollout",
    "RolloutAnalysisArgs",
    "RolloutMetricsArgs",
    "RolloutStepArgs",
    "RouteAbortArgs",
    "RouteCookieArgs",
    "RouteDelayArgs",
    "RouteFaultArgs",
    "RouteMatchArgs",
    "RouteMirrorArgs",
    "RouteOutlierDetectionArgs",
    "RouteStickyArgs",
    "RouteVersionArgs",
    "ServiceExport",
    "ServiceExportArgs",
    "ServiceProjectArgs",
    "StorageArgs",
    "SubnetArgs",
    "SubnetResult",
    "TracingTagArgs",
    "TrafficRoute",
    "TrafficRouteArgs",
    "VmStickyArgs",
    "VmWorkloadGroupArgs",
    "VmwareClusterArgs",
    "VmwareNodePoolArgs",
    "cluster_access",
]
