"""The rule that production runs on APIs that stay: no EnvoyFilter, nothing of an alpha version."""

import re
from collections.abc import Iterator

from meshwright_policies.rule import (
    Finding,
    Resource,
    Settings,
    Severity,
    Violation,
    resource_rule,
)
from meshwright_policies.values import is_production

ENVOY_FILTER = re.compile(r"kubernetes:networking\.istio\.io/\w+:EnvoyFilter(Patch)?$")
ALPHA = r"kubernetes:(\w+\.istio\.io|gateway\.networking\.(x-)?k8s\.io)/v\d+alpha\d+:\w+$"


@resource_rule(
    "MESH-14",
    severity=Severity.MEDIUM,
    source="Istio's security best practices and feature stages",
    title="Production uses neither EnvoyFilter nor alpha APIs of the mesh, so that an upgrade of "
    "the control plane does not change or break what proxies do.",
    types=f"{ENVOY_FILTER.pattern}|{ALPHA}",
)
def stable_apis(resource: Resource, settings: Settings) -> Iterator[Finding]:
    """The kind decides, and is known even where no property is."""
    if not is_production(resource.urn, settings):
        return
    version, _, kind = resource.type.removeprefix("kubernetes:").partition(":")
    if ENVOY_FILTER.match(resource.type):
        yield Violation(
            "kind",
            "is 'EnvoyFilter', which depends on the internals of one Istio version",
            "Use VirtualService, AuthorizationPolicy or Telemetry, or try it in another stack",
        )
    else:
        yield Violation(
            "apiVersion",
            f"is {version!r}, of which Istio and the Gateway API promise nothing",
            f"Use a stable version of {kind}, or try it in another stack",
        )
