"""Which DestinationRules the callers by a route see.

Istio looks in the caller's namespace, then in the service's, then in the root one, as far as a rule
is exported: https://istio.io/latest/docs/ops/best-practices/traffic-management/
"""

from meshwright_policies.mesh_hosts import DOMAIN, service_of
from meshwright_policies.mesh_objects import items, namespace
from meshwright_policies.rule import Resource
from meshwright_policies.values import UNKNOWN, at


def is_out_of_sight(rule: Resource, route: Resource, host: str) -> bool:
    """Whether a DestinationRule is not meant for callers by a route to a Service's host in full: it
    is kept to a namespace that is neither the route's nor the Service's.

    What cannot be said for sure counts as seen.
    """
    home = namespace(rule)
    if not host.endswith(DOMAIN) or home in (UNKNOWN, namespace(route), service_of(host)[1]):
        return False
    return _is_kept_to(home, rule) and not _may_have_callers_in(home, route)


def _is_kept_to(home: object, rule: Resource) -> bool:
    exported = items(rule.properties, "spec", "exportTo")
    return bool(exported) and all(where in (".", home) for where in exported)


def _may_have_callers_in(home: object, route: Resource) -> bool:
    """Whether a route says that it is for callers of a namespace, or for any that are not seen.

    The pods of a gateway may be anywhere; a route without hosts is called by another route; a patch
    says a part only.
    """
    spec = at(route.properties, "spec")
    exported = at(spec, "exportTo")
    named = exported is UNKNOWN or any(where in (home, UNKNOWN) for where in items(exported))
    at_gateways = at(spec, "gateways") not in (None, [], ["mesh"])
    return named or at_gateways or not at(spec, "hosts") or route.is_patch
