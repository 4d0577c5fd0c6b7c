"""What GKE's controllers make in a cluster's network for load balancers, and take away again.

Names and shapes are those of the resources that GKE makes:
https://cloud.google.com/kubernetes-engine/docs/concepts/service-load-balancer and
https://cloud.google.com/kubernetes-engine/docs/concepts/gateway-api. They belong to no program, and
as long as one is left, the network cannot be deleted; nobody removes them after their cluster.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from meshwright_sandbox.core.cloud import Cloud
from meshwright_sandbox.core.stamps import now, numeric_id, self_link
from meshwright_sandbox.runtime.interface import LoadBalancer
from meshwright_sandbox.services.gke.addresses import short_hash
from meshwright_sandbox.services.gke.places import region_of

Json = dict[str, Any]
_TYPES = (
    "backendServices",
    "firewalls",
    "forwardingRules",
    "globalForwardingRules",
    "networkEndpointGroups",
    "regionBackendServices",
    "regionTargetHttpProxies",
    "regionUrlMaps",
    "targetHttpProxies",
    "targetPools",
    "urlMaps",
)
_HEALTH_CHECKS = ["130.211.0.0/22", "35.191.0.0/16"]


@dataclass
class _Resource:
    """One resource to be: its type, its name, its fields, and the fields that are links."""

    type: str
    name: str
    fields: Json = field(default_factory=dict[str, Any])
    links: dict[str, str] = field(default_factory=dict[str, str])


class LoadBalancing:
    """The compute API as GKE's controllers use it."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def publish(self, balancer: LoadBalancer) -> None:
        """Bring about what `balancer` needs, and remove what it needed before; idempotent."""
        cluster_name = _cluster_name(balancer.project, balancer.location, balancer.cluster)
        cluster = self._cloud.store.get("container", cluster_name)
        if cluster is None:
            return
        make = _service if balancer.kind == "service" else _gateway
        wanted = make(balancer, cluster)
        with self._cloud.store.transaction():
            self._remove(cluster_name, balancer.owner, keep={item.name for item in wanted})
            for item in wanted:
                self._put(cluster_name, balancer, item)

    def keep_only(
        self, project: str, location: str, cluster: str, kind: str, owners: set[str]
    ) -> None:
        """Remove what was made for objects of a kind that are gone."""
        cluster_name = _cluster_name(project, location, cluster)
        with self._cloud.store.transaction():
            for row in self._of(cluster_name):
                if row["_kind"] == kind and row["_owner"] not in owners:
                    self._delete(row["_name"])

    def withdraw(self, project: str, location: str, cluster: str, owner: str) -> None:
        """Remove all that was made for one object."""
        with self._cloud.store.transaction():
            self._remove(_cluster_name(project, location, cluster), owner, keep=set())

    def _of(self, cluster_name: str) -> list[Json]:
        rows = (row for type_ in _TYPES for row in self._cloud.store.of_type("compute", type_))
        return [row.doc for row in rows if row.doc.get("_made_for_cluster") == cluster_name]

    def _remove(self, cluster_name: str, owner: str, *, keep: set[str]) -> None:
        for document in self._of(cluster_name):
            if document["_owner"] == owner and document["_name"] not in keep:
                self._delete(document["_name"])

    def _delete(self, name: str) -> None:
        self._cloud.store.delete("compute", name)

    def _put(self, cluster_name: str, balancer: LoadBalancer, item: _Resource) -> None:
        compute, store = self._cloud.services["compute"], self._cloud.store
        links = {key: self_link(compute, "v1", target) for key, target in item.links.items()}
        document: Json = {
            "id": numeric_id(item.name),
            "name": item.name.rpartition("/")[2],
            "selfLink": self_link(compute, "v1", item.name),
            "creationTimestamp": (store.get("compute", item.name) or {}).get(
                "creationTimestamp", now()
            ),
            "description": json.dumps({f"kubernetes.io/{balancer.kind}-name": balancer.name}),
            "_made_for_cluster": cluster_name,
            "_name": item.name,
            "_kind": balancer.kind,
            "_owner": balancer.owner,
        }
        place = "/".join(item.name.split("/")[:4])
        for scope in ("region", "zone"):
            if f"/{scope}s/" in item.name:
                document[scope] = self_link(compute, "v1", place)
        project = item.name.split("/")[1]
        store.put(
            "compute",
            item.name,
            document | item.fields | links,
            type_=item.type,
            project=project,
            system=True,
        )
        store.set_uses(
            "compute", item.name, {("compute", target): True for target in item.links.values()}
        )


def _cluster_name(project: str, location: str, cluster: str) -> str:
    return f"projects/{project}/locations/{location}/clusters/{cluster}"


def _firewall(network: str, short: str, ranges: list[str], ports: list[str]) -> _Resource:
    """A rule stands in the network's own project, a Shared VPC's host."""
    return _Resource(
        "firewalls",
        f"projects/{network.split('/')[1]}/global/firewalls/{short}",
        {
            "kind": "compute#firewall",
            "direction": "INGRESS",
            "priority": 1000,
            "disabled": False,
            "sourceRanges": ranges,
            "allowed": [{"IPProtocol": "tcp", "ports": ports}],
            "logConfig": {"enable": False},
        },
        {"network": network},
    )


def _place(balancer: LoadBalancer, cluster: Json) -> dict[str, str]:
    """Where a forwarding rule is whose address is no address of the internet."""
    return {} if balancer.scheme.startswith("EXTERNAL") else _network(cluster)


def _network(cluster: Json) -> dict[str, str]:
    return {key: cluster["networkConfig"][key] for key in ("network", "subnetwork")}


def _service(balancer: LoadBalancer, cluster: Json) -> list[_Resource]:
    """A passthrough load balancer: forwarding rule, target pool, firewall rule."""
    short = f"a{balancer.owner.replace('-', '')[:31]}"
    region = f"projects/{balancer.project}/regions/{region_of(balancer.location)}"
    pool = f"{region}/targetPools/{short}"
    ports = [str(port) for port in balancer.ports]
    network = cluster["networkConfig"]["network"]
    rule: Json = {
        "kind": "compute#forwardingRule",
        "IPAddress": balancer.address,
        "IPProtocol": "TCP",
        "loadBalancingScheme": balancer.scheme,
        "portRange": f"{min(balancer.ports)}-{max(balancer.ports)}",
    }
    return [
        _firewall(network, f"k8s-fw-{short}", ["0.0.0.0/0"], ports),
        _Resource("targetPools", pool, {"kind": "compute#targetPool", "instances": []}),
        _Resource(
            "forwardingRules",
            f"{region}/forwardingRules/{short}",
            rule,
            {"target": pool} | _place(balancer, cluster),
        ),
    ]


def _gateway(balancer: LoadBalancer, cluster: Json) -> list[_Resource]:
    """An application load balancer, from forwarding rule to endpoint groups, and its firewall."""
    mark = f"{short_hash(cluster['_name'])[:4]}-{short_hash(balancer.owner)}"
    short = f"gkegw1-{mark}"
    place = _network(cluster)
    project = f"projects/{balancer.project}"
    region = region_of(balancer.location)
    scope = f"{project}/global" if balancer.is_global else f"{project}/regions/{region}"
    groups = [
        _Resource(
            "networkEndpointGroups",
            f"{project}/zones/{zone}/networkEndpointGroups/k8s1-{mark}-gw-serve404-80",
            {
                "kind": "compute#networkEndpointGroup",
                "networkEndpointType": "GCE_VM_IP_PORT",
                "defaultPort": 80,
                "size": 0,
            },
            place,
        )
        for zone in cluster["locations"]
    ]
    regional = "" if balancer.is_global else "region"

    def kind(name: str) -> str:
        return f"{regional}{name[0].upper()}{name[1:]}" if regional else name

    backend = f"{scope}/backendServices/{short}-gw-serve404-80"
    url_map, proxy = f"{scope}/urlMaps/{short}", f"{scope}/targetHttpProxies/{short}"
    rule: Json = {
        "kind": "compute#forwardingRule",
        "IPAddress": balancer.address,
        "IPProtocol": "TCP",
        "loadBalancingScheme": balancer.scheme,
    }
    service: Json = {
        "kind": "compute#backendService",
        "protocol": "HTTP",
        "loadBalancingScheme": balancer.scheme,
        "backends": [],
    }
    rules = "globalForwardingRules" if balancer.is_global else "forwardingRules"
    return [
        *groups,
        _firewall(
            place["network"], f"{short}-l7-{cluster['network'][:20]}", _HEALTH_CHECKS, ["0-65535"]
        ),
        _Resource(kind("backendServices"), backend, service),
        _Resource(
            kind("urlMaps"), url_map, {"kind": "compute#urlMap"}, {"defaultService": backend}
        ),
        _Resource(
            kind("targetHttpProxies"),
            proxy,
            {"kind": "compute#targetHttpProxy"},
            {"urlMap": url_map},
        ),
        *(
            _Resource(
                rules,
                f"{scope}/forwardingRules/{short}-{port}",
                rule | {"portRange": f"{port}-{port}"},
                {"target": proxy} | _place(balancer, cluster),
            )
            for port in balancer.ports
        ),
    ]
