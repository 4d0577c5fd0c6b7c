"""Wrong specs about other clouds, premises, VMs, Cloud Run, keys, logs and objectives."""

from tests.inputs.specs import DELETE, Case

EKS = "attached_clusters[0]"
AKS = "attached_clusters[1]"
METAL = "on_prem_clusters[1].bare_metal"
VMWARE = "on_prem_clusters[2].vmware"
VMS = "vm_groups[0]"
RUN = "cloud_run_services[0]"
OBJECTIVE = "monitoring.objectives[0]"


def _hybrid(id: str, path: str, value: object, rule: str, fix: str, *also: str) -> Case:
    return Case(id, {path: value}, path, rule, fix, also, "hybrid")


def _prod(id: str, path: str, value: object, rule: str, fix: str, *also: str) -> Case:
    return Case(id, {path: value}, path, rule, fix, also, "prod")


def _stand_in(id: str, away: dict[str, object], rule: str, fix: str) -> Case:
    """The first group fails over to one of another region, but for what is said here."""
    other = {"name": "away", "region": "europe-west4", "port": 8080, "network": "mesh",
             "subnet": "away", **away}  # fmt: skip
    home = {"name": "away", "region": other["region"], "cidr": "10.9.0.0/22",
            "pod_cidr": "10.19.0.0/16", "service_cidr": "10.39.0.0/20"}  # fmt: skip
    edits = {"networks[0].subnets[+]": home, "vm_groups[+]": other,
             f"{VMS}.failover_groups": ["away"]}  # fmt: skip
    return Case(f"vms-{id}", edits, f"{VMS}.failover_groups[0]", rule, fix, (), "hybrid")


def _istio_vms(id: str, vms: dict[str, object], path: str, rule: str, fix: str) -> Case:
    edits = {f"{VMS}.{key}": value for key, value in vms.items()}
    return Case(f"vms-{id}", edits, f"{VMS}.{path}", rule, fix, (), "istio")


MEMBERS = [
    Case("attached-in-two-clouds", {f"{EKS}.aks": {"issuer_url": "https://i.example.com",
         "kubernetes_version": "1.33"}}, f"{EKS}.name", "this names 2", "keep one", (), "hybrid"),
    Case("attached-nowhere", {f"{EKS}.eks": DELETE}, f"{EKS}.name", "this names 0", "keep one", (),
         "hybrid"),
    _hybrid("attached-41", f"{EKS}.name", "e" * 41, "at most 40", "shorten"),
    _hybrid("attached-named-as-gke", f"{EKS}.name", "gke", "clusters[0] has it", "another name"),
    _hybrid("on-prem-named-as-attached", "on_prem_clusters[1].name", "aks", "must be unique",
            "another name"),
    _hybrid("attached-region-of-aws", f"{EKS}.region", "eu-central-1", "region of Google Cloud",
            "did you mean"),
    _hybrid("eks-region-of-google", f"{EKS}.eks.region", "europe-west1", "must match",
            "Region of AWS"),
    _hybrid("eks-name-empty", f"{EKS}.eks.cluster", "", "must match", "Name of the EKS"),
    _hybrid("attached-version", f"{EKS}.platform_version", "1.33", "must match", "1.33.0-gke.1"),
    _hybrid("attached-version-number", f"{EKS}.platform_version", 1.33, "must be text",
            "in quotes"),
    _hybrid("aks-plain-http", f"{AKS}.aks.issuer_url", "http://issuer.example.com", "https://",
            "did you mean https://issuer"),
    _hybrid("aks-version", f"{AKS}.aks.kubernetes_version", "v1.33", "must match", "1.33"),
    Case("admin-no-address", {f"{EKS}.admin_users": ["ada"]}, f"{EKS}.admin_users[0]",
         "must match", "E-mails", (), "hybrid"),
    Case("admin-twice", {f"{EKS}.admin_users": ["ada@example.com"] * 2}, f"{EKS}.admin_users[1]",
         "twice", "remove one", (), "hybrid"),
    Case("retries-by-default-of-what-has-no-word",
         {"mesh_routes[0].route.retries": {"attempts": 1, "per_try_timeout_seconds": 1}},
         "mesh_routes[0].route.retries", "'unavailable' is none of", "remove it", (), "hybrid"),
    _hybrid("metal-even-control-planes", f"{METAL}.control_plane_nodes",
            ["10.200.0.11", "10.200.0.12"], "no majority", "1, 3 or 5"),
    _hybrid("metal-no-workers", f"{METAL}.worker_nodes", [], "at least 1", "add one"),
    _hybrid("metal-vip", f"{METAL}.control_plane_vip", "10.200.0", "IPv4 address", "10.200.0.10"),
    Case("metal-pool-backwards", {f"{METAL}.load_balancer_addresses": ["10.200.0.70-10.200.0.50"]},
         f"{METAL}.load_balancer_addresses[0]", "lower one first", "10.200.0.50-10.200.0.70", (),
         "hybrid"),
    _hybrid("vmware-two-control-planes", f"{VMWARE}.control_plane_addresses",
            ["10.210.0.11", "10.210.0.12"], "no majority", "1 or 3"),
    Case("vmware-control-plane-elsewhere",
         {f"{VMWARE}.control_plane_addresses": ["10.211.0.11"]},
         f"{VMWARE}.control_plane_addresses[0]", "machines' network, 10.210.0.0/24", "take one of",
         (), "hybrid"),
    _hybrid("vmware-vip-elsewhere", f"{VMWARE}.control_plane_vip", "10.211.0.10",
            "machines' network", "10.210.0.0/24"),
    _hybrid("vmware-ingress", f"{VMWARE}.ingress_vip", "ingress", "IPv4 address", "10.200.0.10"),
    _hybrid("vmware-gateway", f"{VMWARE}.gateway", "10.210.0", "IPv4 address", "10.200.0.10"),
    _hybrid("vmware-netmask", f"{VMWARE}.netmask", "255.0.255.0", "network's mask",
            "255.255.255.0"),
    Case("vmware-dns", {f"{VMWARE}.dns_servers": ["dns.example.com"]},
         f"{VMWARE}.dns_servers[0]", "IPv4 address", "10.200.0.11", (), "hybrid"),
    _hybrid("vmware-no-time", f"{VMWARE}.ntp_servers", [], "at least 1", "add one"),
    _hybrid("vmware-min-above-max", f"{VMWARE}.min_workers", 9, "must not be above max_workers",
            "swap"),
    _hybrid("vmware-few-addresses", f"{VMWARE}.worker_addresses", ["10.210.0.21"],
            "need 7 addresses", "DHCP"),
    Case("vmware-worker-twice",
         {f"{VMWARE}.worker_addresses": ["10.210.0.21", "10.210.0.21"], f"{VMWARE}.max_workers": 1,
          f"{VMWARE}.min_workers": 1},
         f"{VMWARE}.worker_addresses[1]", "same machine twice", "remove", (), "hybrid"),
    _hybrid("vmware-version", f"{VMWARE}.version", "1.33", "must match", "1.33.0-gke.790"),
    _hybrid("vmware-admin-cluster", f"{VMWARE}.admin_cluster", "factory", "that exists already",
            "data-centre"),
    _hybrid("vmware-with-membership", "on_prem_clusters[2].membership",
            "projects/p/locations/global/memberships/m", "no membership yet", "remove it"),
    Case("on-prem-on-both", {"on_prem_clusters[2].bare_metal": {
         "version": "1.33.0-gke.790", "admin_cluster": "data-centre",
         "control_plane_nodes": ["10.220.0.11"], "worker_nodes": ["10.220.0.21"],
         "control_plane_vip": "10.220.0.10", "ingress_vip": "10.220.0.50",
         "load_balancer_addresses": ["10.220.0.50-10.220.0.70"]}},
         "on_prem_clusters[2].name", "one of bare_metal and vmware", "keep one", (), "hybrid"),
    _hybrid("metal-version", f"{METAL}.version", "1.33", "must match", "1.33.0-gke.790"),
    _hybrid("metal-with-membership", "on_prem_clusters[1].membership",
            "projects/p/locations/global/memberships/m", "no membership yet", "remove it"),
    _hybrid("existing-membership", "on_prem_clusters[0].membership", "admin", "must match",
            "Membership of one"),
    _hybrid("metal-admin-cluster", f"{METAL}.admin_cluster", "data-center",
            "that exists already", "did you mean data-centre?"),
    Case("metal-machine-twice", {f"{METAL}.worker_nodes": ["10.200.0.21", "10.200.0.21"]},
         f"{METAL}.worker_nodes[1]", "same machine twice", "remove", (), "hybrid"),
    Case("metal-worker-controls", {f"{METAL}.worker_nodes": ["10.200.0.11"]},
         f"{METAL}.worker_nodes[0]", "control plane's machine", "another machine", (), "hybrid"),
    Case("metal-worker-no-address", {f"{METAL}.worker_nodes": ["factory-1"]},
         f"{METAL}.worker_nodes[0]", "IPv4 address", "10.200.0.11", (), "hybrid"),
]  # fmt: skip

WORKLOADS = [
    _hybrid("vms-unknown-network", f"{VMS}.network", "mash", "must name a network",
            "did you mean mesh?"),
    _hybrid("vms-unknown-subnet", f"{VMS}.subnet", "gkee", "must name a subnet",
            "did you mean gke?"),
    _hybrid("vms-elsewhere", f"{VMS}.region", "europe-west4", "region of its subnet",
            "write europe-west1"),
    _hybrid("vms-zone-as-region", f"{VMS}.region", "europe-west1-b", "this is a zone",
            "did you mean europe-west1?"),
    _hybrid("vms-min-above-max", f"{VMS}.min_replicas", 9, "must not be above", "swap"),
    _hybrid("vms-none", f"{VMS}.min_replicas", 0, "greater than or equal to 1", "Fewest"),
    _hybrid("vms-port", f"{VMS}.port", 65536, "65535", "Port"),
    _hybrid("vms-health-path", f"{VMS}.health_path", "healthz", "must match", "Path"),
    Case("vms-name-composed", {f"{VMS}.name": "a" * 27, "mesh_routes": []}, f"{VMS}.name",
         "service account is at most 30", "shorten", (), "hybrid"),
    _hybrid("vms-cluster-of-service-proxy", f"{VMS}.cluster", "gke", "joins no cluster",
            "workload-group"),
    Case("vms-discovery-address", {f"{VMS}.mode": "workload-group", f"{VMS}.cluster": "gke",
         f"{VMS}.namespace": "shop", f"{VMS}.discovery_address": "istiod", "mesh_routes": []},
         f"{VMS}.discovery_address", "IPv4 address", "10.0.0.10", (f"{VMS}.mode",), "hybrid"),
    Case("vms-workload-group-nowhere", {f"{VMS}.mode": "workload-group", "mesh_routes": []},
         f"{VMS}.cluster",
         "needs cluster", "add cluster", (f"{VMS}.namespace", f"{VMS}.discovery_address"),
         "hybrid"),
    Case("vms-workload-group-on-managed", {f"{VMS}.mode": "workload-group", f"{VMS}.cluster": "gke",
         f"{VMS}.namespace": "shop", f"{VMS}.discovery_address": "10.0.0.10",
         "mesh_routes": []}, f"{VMS}.mode", "takes no WorkloadGroup", "service-proxy", (),
         "hybrid"),
    _istio_vms("service-unknown", {"service": "chekout"}, "service", "must name a service",
               "checkout"),
    _istio_vms("several-versions", {"service": "checkout"}, "service", "has several versions",
               "v1 or v2"),
    _istio_vms("version-unknown", {"service": "checkout", "version": "v3"}, "version",
               "must name a version", "v1"),
    _istio_vms("version-of-nothing", {"version": "v1"}, "version", "one of a service's",
               "add service"),
    _istio_vms("named-as-service", {"name": "checkout"}, "name", "that of a service",
               "service: checkout"),
    _istio_vms("port-of-service", {"service": "checkout", "version": "v1", "port": 9090}, "port",
               "that of its service", "write 8080"),
    _hybrid("vms-service-of-service-proxy", f"{VMS}.service", "checkout", "joins no cluster",
            "workload-group"),
    Case("vms-twice", {"vm_groups[+]": {"name": "pricing", "region": "europe-west1", "port": 80,
         "network": "mesh", "subnet": "gke"}}, "vm_groups[2].name", "must be unique", "another",
         (), "hybrid"),
    Case("vms-failover-unknown", {f"{VMS}.failover_groups": ["pricing-nex"]},
         f"{VMS}.failover_groups[0]", "other group", "did you mean pricing-next?", (), "hybrid"),
    Case("vms-sticky-by-two", {f"{VMS}.sticky": {"cookie": "seat", "source_ip": True}},
         f"{VMS}.sticky.source_ip", "exactly one thing, this names 2", "keep one", (), "hybrid"),
    _stand_in("failover-same-region", {"region": "europe-west1"}, "same region", "max_replicas"),
    _stand_in("failover-port", {"port": 9090}, "another port", "let away listen on 8080"),
    _stand_in("failover-chain", {"failover_groups": ["pricing-next"]}, "of its own",
              "none in away"),
    _istio_vms("failover-of-workload-group", {"failover_groups": ["archive"]}, "failover_groups",
               "Istio's own objects", "remove it"),
    _istio_vms("sticky-of-workload-group", {"sticky": {"cookie": "seat"}}, "sticky",
               "Istio's own objects", "remove it"),
    _hybrid("run-elsewhere", f"{RUN}.region", "us-east1", "region of its subnet",
            "write europe-west1"),
    _hybrid("run-50", f"{RUN}.name", "w" * 50, "at most 49", "shorten"),
    _hybrid("run-composed", f"{RUN}.name", "w" * 24, "composed it is", "by 2"),
    _hybrid("run-named-as-vms", f"{RUN}.name", "pricing", "must be unique", "another"),
    _hybrid("run-min-above-max", f"{RUN}.min_instances", 11, "must not be above", "swap"),
    _hybrid("run-image", f"{RUN}.image", "", "container image", "europe-docker"),
    Case("run-unknown-callee", {f"{RUN}.calls": ["shop/order"]}, f"{RUN}.calls[0]",
         "must name a service", "did you mean shop/orders?", (), "hybrid"),
    Case("run-calls-strict-service", {f"{RUN}.calls": ["shop/stock"]}, f"{RUN}.calls[0]",
         "in plaintext", "add shop/stock to security.plaintext", (), "hybrid"),
    Case("run-calls-twice", {f"{RUN}.calls": ["shop/orders", "shop/orders"]}, f"{RUN}.calls[1]",
         "same service twice", "remove", (), "hybrid"),
]  # fmt: skip

SHARES = "mesh_routes[0].route.weights"

MESH_ROUTES = [
    _hybrid("mesh-route-unknown-group", f"{SHARES}[1].version", "pricing-nxt", "group of VMs",
            "did you mean pricing-next?"),
    Case("mesh-route-99", {f"{SHARES}[0].weight": 89}, SHARES, "these to 99", "raise", (),
         "hybrid"),
    _hybrid("mesh-route-no-host", "mesh_routes[0].hosts", [], "at least 1", "add one"),
    _hybrid("mesh-route-rendering", "mesh_routes[0].route.rendering", "istio",
            "networkservices alone", "remove it"),
    _hybrid("mesh-route-gateway", "mesh_routes[0].route.gateway", "shop/public",
            "services in clusters", "hosts beside route"),
    _hybrid("mesh-route-sticky", "mesh_routes[0].route.sticky", {"cookie": "user"},
            "'networkservices' cannot express it", "remove it"),
    Case("mesh-route-mirror-percent", {"mesh_routes[0].route.mirror": {"version": "pricing-next",
         "percent": 10}}, "mesh_routes[0].route.mirror.percent",
         "'networkservices' cannot express it", "remove it", (), "hybrid"),
    Case("mesh-routes-of-one-name", {"mesh_routes[+]": {"name": "pricing", "hosts": ["a.internal"],
         "route": {"active": "pricing"}}}, "mesh_routes[1].name", "must be unique", "another", (),
         "hybrid"),
]  # fmt: skip

OPERATIONS = [
    _prod("unknown-secrets-key", "clusters[0].secrets_key", "belgum", "key of encryption_keys",
          "did you mean belgium?"),
    _prod("disk-key-elsewhere", "clusters[0].disk_key", "finland", "europe-west1; this is in "
          "europe-north1", "location: europe-west1"),
    Case("keys-of-one-name", {"encryption_keys[1].name": "belgium"}, "encryption_keys[1].name",
         "must be unique", "another", ("clusters[1].secrets_key", "clusters[1].disk_key"), "prod"),
    _prod("key-nowhere", "encryption_keys[1].location", "mars", "region of Google", "list them",
          "clusters[1].secrets_key", "clusters[1].disk_key"),
    _prod("key-rotation", "encryption_keys[0].rotation_days", 0, "greater than or equal to 1",
          "rotated"),
    _prod("security-group", "clusters[0].security_group", "admins@example.com", "must match",
          "gke-security-groups@"),
    _prod("sink-key-elsewhere", "log_sinks[0].encryption_key", "finland",
          "where what it encrypts is", "location: europe-west1"),
    Case("pool-zone-elsewhere", {"clusters[0].node_pools[0].zones": ["europe-west4-a"]},
         "clusters[0].node_pools[0].zones[0]", "cluster's region europe-west1", "europe-west1-b",
         (), "prod"),
    Case("sink-three-destinations", {"log_sinks[1].pubsub": {}, "log_sinks[1].bigquery": {}},
         "log_sinks[1].name", "this has 3", "keep one of log_bucket", (), "prod"),
    _prod("sink-folder", "log_sinks[0].folder", "folders/12", "must match", "Number of a folder"),
    _prod("sink-retention", "log_sinks[1].storage.retention_days", -1,
          "greater than or equal to 1", "cannot be deleted"),
    _prod("objective-unknown-service", f"{OBJECTIVE}.service", "shop/chekout",
          "must name a service", "did you mean shop/checkout?"),
    _prod("objective-all", f"{OBJECTIVE}.goal", 1.0, "less than or equal to 0.9999", "Share"),
    _prod("objective-percent", f"{OBJECTIVE}.goal", 99.9, "less than or equal to 0.9999", "0.999"),
    _prod("objective-nan", f"{OBJECTIVE}.goal", float("nan"), "finite", "such as 10"),
    _prod("objective-latency", f"{OBJECTIVE}.latency_ms", 0, "greater than or equal to 1",
          "milliseconds"),
    _prod("objective-days", f"{OBJECTIVE}.rolling_days", 31, "less than or equal to 30", "Days"),
    _prod("objectives-of-one-name", "monitoring.objectives[1].name", "checkout-available",
          "must be unique", "another"),
    Case("objective-of-tcp", {"namespaces[1].services[2].protocol": "tcp",
         **{f"security.calls[{n}].{key}": DELETE for n in (2, 3) for key in ("methods", "paths")}},
         "monitoring.objectives[2].service", "tcp has none", "HTTP or gRPC", (), "prod"),
    Case("alert-nobody", {"monitoring.alert_emails": ["on-call"]}, "monitoring.alert_emails[0]",
         "must match", "Who is told", (), "prod"),
    Case("alert-twice", {"monitoring.alert_emails": ["a@example.com", "a@example.com"]},
         "monitoring.alert_emails[1]", "same address twice", "remove", (), "prod"),
]  # fmt: skip

ALL = [*MEMBERS, *WORKLOADS, *MESH_ROUTES, *OPERATIONS]
