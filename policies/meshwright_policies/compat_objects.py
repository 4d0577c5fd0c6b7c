"""What TRAFFIC_DIRECTOR, the implementation of Google's managed control plane, does not take.

A local istiod takes all of it, so that only a rule tells before a cluster of Google's does. The
list follows https://docs.cloud.google.com/service-mesh/docs/onboarding/api-support,
https://docs.cloud.google.com/service-mesh/docs/supported-features-managed and, for EnvoyFilter,
https://docs.cloud.google.com/service-mesh/docs/data-plane-extensibility.
"""

import functools
import re
from collections.abc import Callable, Iterator, Mapping

from meshwright_policies.mesh_control_planes import CHART, CONFIG_MAP, mesh_config, parsed
from meshwright_policies.mesh_destinations import policies
from meshwright_policies.mesh_hosts import DOMAIN, full_host, service_of
from meshwright_policies.mesh_objects import (
    DESTINATION_RULE,
    SERVICE_ENTRY,
    items,
    key,
    kind,
    mapping,
    name,
    namespace,
    of_kind,
    or_patch,
)
from meshwright_policies.pods import WORKLOADS, pods
from meshwright_policies.rule import Finding, Resource, Settings, Unjudged, Violation
from meshwright_policies.values import UNKNOWN, at, each, unjudged

ENVOY_FILTER = kind("networking.istio.io", "EnvoyFilter")
WASM_PLUGIN = kind("extensions.istio.io", "WasmPlugin")
TELEMETRY = kind("telemetry.istio.io", "Telemetry")
INGRESS = kind("networking.k8s.io", "Ingress")
SECRET = re.compile(r"kubernetes:core/v1:Secret$")
ServiceName = tuple[object, object]
INSERTIONS = ("INSERT_FIRST", "INSERT_BEFORE")
PROXY_CONFIG = "proxy.istio.io/config"
INGRESS_CLASS = "kubernetes.io/ingress.class"
SAMPLING_MEND = "Remove it: Google's own sampling rate applies"
LOCALITY_MEND = "Remove it: calls stay near by themselves"


def not_taken(
    item: Resource, services: Mapping[ServiceName, set[str]], settings: Settings
) -> Iterator[Finding]:
    """What of an object of a managed cluster has no effect there.

    Args:
        item: the object.
        services: the clusters of each Service of the stack.
        settings: of the policy config.
    """
    for check in _checks(item.type):
        for finding in check(item):
            yield _at(item, finding)
    if of_kind([item], or_patch(DESTINATION_RULE)):
        for finding in _subsets(item, services):
            yield _at(item, finding)
    if of_kind([item], CHART, CONFIG_MAP):
        for finding in _mesh_config(item, settings):
            yield _at(item, finding)


def _at(item: Resource, finding: Finding) -> Finding:
    """The finding with the object it is about."""
    if isinstance(finding, Unjudged):
        return Unjudged(finding.where, item.urn)
    return Violation(finding.where, finding.what, finding.mend, item.urn)


def _unless_unset(item: object, path: str, what: str, mend: str) -> Iterator[Finding]:
    """A finding if anything stands at a path."""
    found = at(item, *path.split("."))
    if found is UNKNOWN:
        yield Unjudged(path)
    elif found is not None:
        yield Violation(path, what, mend)


def _envoy_filter(item: Resource) -> Iterator[Finding]:
    spec = at(item.properties, "spec")
    mend = (
        "Insert an HTTP filter before the router, or use another API of Istio "
        "(https://docs.cloud.google.com/service-mesh/docs/data-plane-extensibility)"
    )
    yield from unjudged(item.properties, "spec")
    if items(spec, "targetRefs"):
        yield Violation("spec.targetRefs", "EnvoyFilter takes no targetRefs", mend)
    for index, patch in each(spec, "configPatches"):
        path = f"spec.configPatches[{index}]"
        wanted = {"applyTo": ("HTTP_FILTER",), "patch.operation": INSERTIONS}
        for field, taken in wanted.items():
            found = at(patch, *field.split("."))
            if found is UNKNOWN:
                yield Unjudged(f"{path}.{field}")
            elif found not in taken:
                what = f"is {found!r}; EnvoyFilter takes {' and '.join(taken)} only"
                yield Violation(f"{path}.{field}", what, mend)


def _wasm_plugin(item: Resource) -> Iterator[Finding]:
    yield Violation(
        "kind", "is 'WasmPlugin', which is not taken", "Put the check into a service of its own"
    )


def _telemetry(item: Resource) -> Iterator[Finding]:
    yield from unjudged(item.properties, "spec")
    for index, tracing in each(item.properties, "spec", "tracing"):
        path = f"spec.tracing[{index}].randomSamplingPercentage"
        for finding in _unless_unset(
            tracing, "randomSamplingPercentage", "a trace sampling rate is not taken", SAMPLING_MEND
        ):
            yield _moved(finding, path)


def _destination_rule(item: Resource) -> Iterator[Finding]:
    yield from unjudged(item.properties, "spec")
    for path, policy in policies(item):
        for finding in _unless_unset(
            policy,
            "loadBalancer.localityLbSetting",
            "localityLbSetting is not taken",
            LOCALITY_MEND,
        ):
            if policy is not UNKNOWN:
                yield _moved(finding, f"{path}.loadBalancer.localityLbSetting")


def _service_entry(item: Resource) -> Iterator[Finding]:
    spec = "spec.workloadSelector"
    what = "a ServiceEntry with a workload selector is not taken"
    mend = "Use a Service that selects the pods"
    if at(item.properties, "spec") is UNKNOWN:
        yield Unjudged("spec")
        return
    yield from _unless_unset(item.properties, spec, what, mend)
    location = at(item.properties, "spec", "location")
    if location is UNKNOWN:
        yield Unjudged("spec.location")
    elif location == "MESH_INTERNAL":
        what = "is 'MESH_INTERNAL', which is not taken"
        yield Violation("spec.location", what, "Use a Service for what is in the mesh")


def _secret(item: Resource) -> Iterator[Finding]:
    found = at(item.properties, "metadata", "labels")
    if found is UNKNOWN:
        yield Unjudged("metadata.labels")
    elif mapping(found).get("istio/multiCluster") in ("true", True):
        yield Violation(
            key("metadata.labels", "istio/multiCluster"),
            "marks a remote secret, which is not taken",
            "Set multicluster_mode: connected in the ConfigMap asm-options of istio-system",
        )


def _ingress(item: Resource) -> Iterator[Finding]:
    """GKE's own controllers take an Ingress; only that of the mesh's class is meant."""
    annotations = at(item.properties, "metadata", "annotations")
    places = {
        "spec.ingressClassName": at(item.properties, "spec", "ingressClassName"),
        key("metadata.annotations", INGRESS_CLASS): mapping(annotations).get(INGRESS_CLASS),
    }
    for path, found in places.items():
        if found is UNKNOWN:
            yield Unjudged(path)
        elif found == "istio":
            what = "is 'istio', and the mesh takes no Kubernetes Ingress"
            yield Violation(path, what, "Use a Gateway with a VirtualService or an HTTPRoute")


def _workload(item: Resource) -> Iterator[Finding]:
    """A proxy's own config can set a sampling rate too."""
    for pod in pods(item):
        text = mapping(at(pod.metadata, "annotations")).get(PROXY_CONFIG)
        where = key(f"{pod.path}metadata.annotations", PROXY_CONFIG)
        if text is UNKNOWN:
            yield Unjudged(where)
        elif at(parsed(text), "tracing", "sampling") is not None:
            yield Violation(where, "a trace sampling rate is not taken", SAMPLING_MEND)


def _mesh_config(item: Resource, settings: Settings) -> Iterator[Finding]:
    found = mesh_config(item, settings)
    if not found:
        return
    path, config = found
    places = {
        "localityLbSetting": ("localityLbSetting is not taken", LOCALITY_MEND),
        "defaultConfig.tracing.sampling": ("a trace sampling rate is not taken", SAMPLING_MEND),
    }
    for field, (what, mend) in places.items():
        for finding in _unless_unset(config, field, what, mend):
            yield _moved(finding, path if config is UNKNOWN else f"{path}.{field}")


def _subsets(rule: Resource, services: Mapping[ServiceName, set[str]]) -> Iterator[Finding]:
    """Subsets stand in the namespace and the cluster of the Service that they are of."""
    host, home = at(rule.properties, "spec", "host"), namespace(rule)
    if not items(rule.properties, "spec", "subsets") or host is None:
        return  # a patch need not name the host
    if UNKNOWN in (host, home):
        yield Unjudged("spec.subsets")
        return
    full = full_host(host, home)
    service = service_of(full)
    where = service[1]
    if full.endswith(DOMAIN) and where != home:
        what = f"subsets of a Service of namespace {where} are not taken in namespace {home}"
        yield Violation("spec.subsets", what, f"Put the DestinationRule into namespace {where}")
    if rule.cluster not in services.get(service, {rule.cluster}):
        what = f"{full} is a Service of another cluster, whose subsets are not taken here"
        yield Violation("spec.subsets", what, "Put the DestinationRule beside the Service")


def _moved(finding: Finding, where: str) -> Finding:
    if isinstance(finding, Unjudged):
        return Unjudged(where)
    return Violation(where, finding.what, finding.mend)


def service_places(services: list[Resource]) -> dict[ServiceName, set[str]]:
    """The clusters of each Service."""
    places: dict[ServiceName, set[str]] = {}
    for service in services:
        places.setdefault((name(service), namespace(service)), set()).add(service.cluster)
    return places


CHECKS: dict[re.Pattern[str], Callable[[Resource], Iterator[Finding]]] = {
    ENVOY_FILTER: _envoy_filter,
    WASM_PLUGIN: _wasm_plugin,
    TELEMETRY: _telemetry,
    DESTINATION_RULE: _destination_rule,
    SERVICE_ENTRY: _service_entry,
    SECRET: _secret,
    INGRESS: _ingress,
    re.compile(WORKLOADS): _workload,
}


@functools.lru_cache(maxsize=1024)
def _checks(type_: str) -> tuple[Callable[[Resource], Iterator[Finding]], ...]:
    """The checks that are about a type, or a patch of it; there are few types, however many
    objects there are.
    """
    kind = type_.removesuffix("Patch")
    return tuple(check for pattern, check in CHECKS.items() if pattern.match(kind))
