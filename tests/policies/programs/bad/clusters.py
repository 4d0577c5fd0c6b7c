"""The clusters, their network, and the fleet."""

import pulumi_gcp as gcp

REGION = "us-central1"  # GCP-01: the policy config allows Europe


def declare() -> None:
    """Everything of Google Cloud but identities."""
    gcp.compute.Subnetwork(  # GKE-16: no flow logs
        "nodes", ip_cidr_range="10.0.0.0/20", network="default", region=REGION
    )
    _cluster()
    _node_pool()
    _fleet()


def _cluster() -> None:
    gcp.container.Cluster(
        "shop",
        location=REGION,
        initial_node_count=3,  # GKE-11, 17, 20 and 21: what is left out below
        deletion_protection=False,  # GKE-21
        enable_shielded_nodes=False,  # GKE-05
        enable_legacy_abac=True,  # GKE-06
        enable_kubernetes_alpha=True,  # GKE-18
        networking_mode="ROUTES",  # GKE-10
        datapath_provider="LEGACY_DATAPATH",  # GKE-09
        enable_intranode_visibility=False,  # GKE-16
        logging_service="none",  # GKE-15
        monitoring_service="none",  # GKE-15
        release_channel={"channel": "UNSPECIFIED"},  # GKE-13
        security_posture_config={"mode": "DISABLED"},  # GKE-19
        binary_authorization={"evaluation_mode": "DISABLED"},  # GKE-12
        private_cluster_config={"enable_private_nodes": False},  # GKE-01
        master_authorized_networks_config={  # GKE-02
            "gcp_public_cidrs_access_enabled": True,
            "cidr_blocks": [{"cidr_block": "0.0.0.0/0", "display_name": "everyone"}],
        },
        master_auth={"client_certificate_config": {"issue_client_certificate": True}},  # GKE-07
        node_config={
            "image_type": "UBUNTU_CONTAINERD",  # GKE-14
            "service_account": "default",  # GKE-04
            "metadata": {"disable-legacy-endpoints": "false"},  # GKE-08
            "workload_metadata_config": {"mode": "GCE_METADATA"},  # GKE-03
            "shielded_instance_config": {"enable_integrity_monitoring": False},  # GKE-05
        },
    )


def _node_pool() -> None:
    gcp.container.NodePool(
        "spare",
        cluster="shop",
        location=REGION,
        management={"auto_repair": False, "auto_upgrade": False},  # GKE-13
        network_config={"enable_private_nodes": False},  # GKE-01
        node_config={"shielded_instance_config": {"enable_secure_boot": False}},  # GKE-05
    )


def _fleet() -> None:
    gcp.gkehub.Feature("mesh", name="servicemesh", location="global")
    gcp.gkehub.Membership("shop", membership_id="shop", location=REGION)
    gcp.gkehub.FeatureMembership(
        "shop-mesh",
        feature="servicemesh",
        location="global",
        membership="shop",
        membership_location=REGION,
        mesh={"management": "MANAGEMENT_MANUAL"},  # MESH-17, COMPAT-02
    )
    gcp.container.AttachedCluster(  # COMPAT-03
        "bought",
        distribution="eks",
        location=REGION,
        platform_version="1.33.0-gke.1",
        project="acme",
        oidc_config={"issuer_url": "https://oidc.eks.eu-west-1.amazonaws.com/id/1"},
        fleet={"project": "projects/1"},
    )
    gcp.networkservices.HttpRoute(  # MESH-16: 110 percent, and a fault in production
        "carts",
        hostnames=["carts"],
        meshes=["projects/acme/locations/global/meshes/shop"],
        rules=[
            {
                "action": {
                    "destinations": [{"weight": 60}, {"weight": 50}],
                    "fault_injection_policy": {"abort": {"http_status": 503, "percentage": 1}},
                }
            }
        ],
    )
