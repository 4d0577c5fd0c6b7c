"""Clusters on VMware among the resource types that the plugin is driven through."""

from typing import Any

from tests.sandbox.gcp_plugin import PROJECT, REGION

_NETWORK = {
    "podAddressCidrBlocks": ["192.168.0.0/16"],
    "serviceAddressCidrBlocks": ["10.96.0.0/20"],
    "dhcpIpConfig": {"enabled": True},
    "hostConfig": {"dnsServers": ["10.210.0.2"], "ntpServers": ["10.210.0.3"]},
    "controlPlaneV2Config": {
        "controlPlaneIpBlock": {
            "gateway": "10.210.0.1",
            "netmask": "255.255.255.0",
            "ips": [{"ip": "10.210.0.11", "hostname": "control-1"}],
        }
    },
}

# The admin cluster's membership is made above them in the whole list.
VMWARE: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        "gkeonprem/vMwareCluster:VMwareCluster",
        {
            "name": "campus",
            "location": REGION,
            "adminClusterMembership": f"projects/{PROJECT}/locations/global/memberships/admin",
            "onPremVersion": "1.33.0-gke.790",
            "enableControlPlaneV2": True,
            "controlPlaneNode": {"cpus": 4, "memory": 8192, "replicas": 1},
            "networkConfig": _NETWORK,
            "loadBalancer": {
                "vipConfig": {"controlPlaneVip": "10.210.0.13", "ingressVip": "10.210.0.14"},
                "metalLbConfig": {
                    "addressPools": [
                        {"pool": "p", "addresses": ["10.210.0.14/32"], "manualAssign": False}
                    ]
                },
            },
            "dataplaneV2": {"dataplaneV2Enabled": True},
            "autoRepairConfig": {"enabled": True},
            "antiAffinityGroups": {"aagConfigDisabled": False},
            "authorization": {"adminUsers": [{"username": "ann@a.com"}]},
        },
        {"onPremVersion": "1.33.100-gke.89", "description": "the campus"},
    ),
    (
        "gkeonprem/vMwareNodePool:VMwareNodePool",
        {
            "name": "main-campus",
            "vmwareCluster": "campus",
            "location": REGION,
            "config": {
                "imageType": "ubuntu_cgv2",
                "cpus": 4,
                "memoryMb": 8192,
                "bootDiskSizeGb": 40,
                "enableLoadBalancer": True,
                "labels": {"tier": "mesh"},
                "taints": [{"key": "mesh", "value": "only", "effect": "NO_SCHEDULE"}],
            },
            "nodePoolAutoscaling": {"minReplicas": 2, "maxReplicas": 4},
        },
        {"nodePoolAutoscaling": {"minReplicas": 2, "maxReplicas": 6}},
    ),
]
