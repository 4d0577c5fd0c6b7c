"""Rules for authentication: encryption that every cluster in the mesh needs, and users' tokens."""

import re
from collections.abc import Callable, Iterator

from meshwright_policies.mesh_objects import (
    AUTHORIZATION_POLICY,
    MESH_OBJECT,
    PEER_AUTHENTICATION,
    REQUEST_AUTHENTICATION,
    key,
    mapping,
    mesh_wide,
    meshes,
    not_known,
    of_kind,
    or_patch,
    shows_mesh,
)
from meshwright_policies.rule import (
    Finding,
    Resource,
    Settings,
    Severity,
    Unjudged,
    Violation,
    resource_rule,
    stack_rule,
)
from meshwright_policies.values import UNKNOWN, at, each

# Headers that proxies, browsers and applications already give a meaning to.
WELL_KNOWN_HEADER = re.compile(
    r""" : .* | accept (-charset|-encoding|-language)? | cache-control | connection | cookie
    | content- (encoding|language|length|location|type) | date | expect | forwarded | from | host
    | if- (match|modified-since|none-match|range|unmodified-since) | keep-alive | origin | pragma
    | (proxy-)? authorization | range | referer | te | trailer | transfer-encoding | upgrade
    | user-agent | via | x-forwarded- (client-cert|for|host|port|proto) | x-real-ip | x-request-id
    | x-b3- .* | x-envoy- .* | x-goog- .* | x-cloud-trace-context | traceparent | tracestate """,
    re.VERBOSE | re.IGNORECASE,
)
STRICT_OR_INHERITED = ("STRICT", "UNSET", None)


@stack_rule(
    "MESH-01",
    severity=Severity.CRITICAL,
    source="Google asm-policy bundle 1.3.1",
    title="Workloads accept mutual TLS only, mesh-wide, so that no call is readable or "
    "unauthenticated on the wire.",
)
def strict_mtls(resources: list[Resource], settings: Settings) -> Iterator[Finding]:
    """Each cluster in the mesh has a mesh-wide PeerAuthentication, and all of them say STRICT.

    One that only a Helm Release holds is not seen: make it beside the Release.
    """
    for cluster, objects in meshes(resources).items():
        wide = [o for o in of_kind(objects, PEER_AUTHENTICATION) if mesh_wide(o, settings)]
        for item in wide:
            mode = at(item.properties, "spec", "mtls", "mode")
            if mode is UNKNOWN or _unknown_reach(item):
                yield Unjudged("spec.mtls.mode", item.urn)
            elif mode != "STRICT":
                yield Violation(
                    "spec.mtls.mode",
                    f"is {mode!r} for the whole mesh" if mode else "is not set",
                    "Set it to STRICT; weaken single workloads by their own policy if you must",
                    item.urn,
                )
        if not wide:
            yield _absent(cluster, objects, "PeerAuthentication", "spec {mtls: {mode: STRICT}}")


@resource_rule(
    "MESH-02",
    severity=Severity.CRITICAL,
    source="Google asm-policy bundle 1.3.2",
    title="No namespace, workload or port takes less than mutual TLS, so that the mesh-wide "
    "promise has no hole.",
    types=or_patch(PEER_AUTHENTICATION),
)
def no_weaker_mtls(resource: Resource, settings: Settings) -> Iterator[Finding]:
    """Modes that are STRICT or inherited hold; the mode of the mesh-wide policy is MESH-01's."""
    mend = "Set it to STRICT or leave it out"
    spec = at(resource.properties, "spec")
    if spec is UNKNOWN:
        yield Unjudged("spec")
    whole = PEER_AUTHENTICATION.match(resource.type) and mesh_wide(resource, settings)
    modes = {} if whole else {"spec.mtls.mode": at(spec, "mtls", "mode")}
    ports = at(spec, "portLevelMtls")
    if ports is UNKNOWN and spec is not UNKNOWN:
        yield Unjudged("spec.portLevelMtls")
    for port, setting in mapping(ports).items():
        modes[f"{key('spec.portLevelMtls', port)}.mode"] = at(setting, "mode")
    for path, mode in modes.items():
        if mode is UNKNOWN and spec is not UNKNOWN:
            yield Unjudged(path)
        elif mode is not UNKNOWN and mode not in STRICT_OR_INHERITED:
            said = "takes plaintext" if mode == "DISABLE" else "also takes plaintext"
            yield Violation(path, f"is {mode!r}, which {said}", mend)


@stack_rule(
    "MESH-03",
    severity=Severity.HIGH,
    source="Google asm-policy bundle 1.2.1",
    title="Calls are denied unless a rule allows them, mesh-wide, so that a new workload is closed "
    "until somebody opens it.",
)
def default_deny(resources: list[Resource], settings: Settings) -> Iterator[Finding]:
    """Each cluster in the mesh has a mesh-wide AuthorizationPolicy that allows nothing.

    One that only a Helm Release holds is not seen: make it beside the Release.
    """
    for cluster, objects in meshes(resources).items():
        wide = [o for o in of_kind(objects, AUTHORIZATION_POLICY) if mesh_wide(o, settings)]
        if any(_allows_nothing(item) for item in wide):
            continue
        possible = [item for item in wide if _may_allow_nothing(item)]
        for item in possible:
            yield Unjudged("spec", item.urn)
        if not possible:
            yield _absent(cluster, objects, "AuthorizationPolicy", "an empty spec")


@resource_rule(
    "MESH-09",
    severity=Severity.MEDIUM,
    source="Google asm-policy bundle 1.4.1",
    title="What a verified token says goes into headers of its own, so that it replaces no header "
    "that proxies and applications already trust.",
    types=or_patch(REQUEST_AUTHENTICATION),
)
def own_output_headers(resource: Resource, settings: Settings) -> Iterator[Finding]:
    """The payload's header and those of single claims."""
    yield from not_known(resource, "spec", "jwtRules")
    for index, rule in each(resource.properties, "spec", "jwtRules"):
        path = f"spec.jwtRules[{index}]"
        headers = {f"{path}.outputPayloadToHeader": at(rule, "outputPayloadToHeader")}
        for place, claim in each(rule, "outputClaimToHeaders"):
            headers[f"{path}.outputClaimToHeaders[{place}].header"] = at(claim, "header")
        for where, header in headers.items():
            if header is UNKNOWN:
                yield Unjudged(where)
            elif isinstance(header, str) and WELL_KNOWN_HEADER.fullmatch(header):
                yield Violation(
                    where,
                    f"{header!r} has a meaning already",
                    "Name a header of your own, such as x-jwt-payload",
                )


def _allows_nothing(policy: Resource) -> bool:
    """Whether it is known to be an ALLOW policy (the default action) without rules."""
    return _allows(policy, lambda value: value is not UNKNOWN)


def _may_allow_nothing(policy: Resource) -> bool:
    """Whether it is one as far as is known."""
    return _allows(policy, lambda value: True)


def _allows(policy: Resource, takes: Callable[[object], bool]) -> bool:
    spec = at(policy.properties, "spec")
    action, rules = at(spec, "action"), at(spec, "rules")
    reach = UNKNOWN if _unknown_reach(policy) else None
    known = all(takes(value) for value in (reach, action, rules))
    return known and action in (None, "ALLOW", UNKNOWN) and not rules


def _unknown_reach(policy: Resource) -> bool:
    """Whether what decides if a policy is mesh-wide is not known yet."""
    spec = at(policy.properties, "spec")
    where = at(policy.properties, "metadata", "namespace")
    return where is UNKNOWN or UNKNOWN in (
        at(spec, "selector", "matchLabels"),
        at(spec, "targetRef"),
        at(spec, "targetRefs"),
    )


def _absent(cluster: str, objects: list[Resource], kind: str, spec: str) -> Violation:
    example = next(o for o in objects if MESH_OBJECT.match(o.type) or shows_mesh(o))
    return Violation(
        f"cluster {cluster}",
        f"has mesh objects (such as {example.name}) but no mesh-wide {kind} that does this",
        f"Add one with {spec} and no selector in the mesh's root namespace",
        example.urn,
    )
