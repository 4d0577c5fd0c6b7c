"""The rule that policies compare values in the form that proxies bring requests into."""

import re
from collections.abc import Iterator

from meshwright_policies.mesh_control_planes import CHART, CONFIG_MAP, mesh_config
from meshwright_policies.mesh_objects import (
    AUTHORIZATION_POLICY,
    authorization_fields,
    items,
    or_patch,
    unknown_conditions,
)
from meshwright_policies.rule import (
    Finding,
    Resource,
    Settings,
    Severity,
    Unjudged,
    Violation,
    resource_rule,
)
from meshwright_policies.values import UNKNOWN, at, unjudged

POLICIES = or_patch(AUTHORIZATION_POLICY)
# What proxies normalise before they compare, so that a value written so never matches.
NOT_NORMAL = {
    re.compile(r"//"): "repeats a slash",
    re.compile(r"/\.{1,2}(/|$)"): "holds a dot segment",
    re.compile(r"\\"): "holds a backslash",
    re.compile(r"%[0-9A-Fa-f]{2}"): "is percent-encoded",
    re.compile(r"[?#]"): "holds a query or a fragment",
    re.compile(r"^[^/*]"): "does not begin with a slash",
}


@resource_rule(
    "MESH-05",
    severity=Severity.HIGH,
    source="Google asm-policy bundle 1.2.2, Istio's security best practices",
    title="Policies compare values in the form that proxies bring requests into, so that no "
    "spelling of a path goes around them.",
    types=f"{POLICIES}|{CHART.pattern}|{CONFIG_MAP.pattern}",
)
def normalised_values(resource: Resource, settings: Settings) -> Iterator[Finding]:
    """Values of policies, and the mesh config that says how requests are normalised."""
    if re.match(POLICIES, resource.type):
        yield from _policy_values(at(resource.properties, "spec"))
    elif CHART.match(resource.type):
        yield from unjudged(resource.properties, "chart")
    if found := mesh_config(resource, settings):
        path, config = found
        if _may_stand_in_files(resource, config):
            yield Unjudged("valueYamlFiles")
        else:
            yield from _normalization(config, f"{path}.pathNormalization.normalization")


def _policy_values(spec: object) -> Iterator[Finding]:
    if spec is UNKNOWN or at(spec, "rules") is UNKNOWN:
        yield Unjudged("spec.rules")
        return
    yield from unknown_conditions(spec)
    for path, field, values in authorization_fields(spec):
        kind = field.removeprefix("not").lower()
        if kind not in ("paths", "methods", "hosts"):
            continue
        if values is UNKNOWN:
            yield Unjudged(path)
        for index, value in enumerate(items(values)):
            if value is UNKNOWN:
                yield Unjudged(f"{path}[{index}]")
            elif isinstance(value, str) and (what := _not_normal(kind, value)):
                mend = "Write it in the form that proxies bring requests into"
                yield Violation(f"{path}[{index}]", f"{value!r} {what}", mend)


def _not_normal(kind: str, value: str) -> str:
    """What keeps a value from ever matching a normalised request."""
    if kind == "methods":
        return "" if value == value.upper() else "is no method: methods are in upper case"
    if kind == "hosts":
        return "" if value == value.lower() else "has upper-case letters"
    return next((what for pattern, what in NOT_NORMAL.items() if pattern.search(value)), "")


def _may_stand_in_files(chart: Resource, config: object) -> bool:
    """Whether a chart's values say nothing, and files of more values may; files are not read."""
    said = at(config, "pathNormalization", "normalization")
    return said is None and bool(at(chart.properties, "valueYamlFiles"))


def _normalization(config: object, where: str) -> Iterator[Finding]:
    found = at(config, "pathNormalization", "normalization")
    if found is UNKNOWN:
        yield Unjudged(where)
    elif found in (None, "NONE"):
        yield Violation(
            where,
            "is NONE" if found else "is not set, and the default leaves repeated slashes",
            "Set it to MERGE_SLASHES, or DECODE_AND_MERGE_SLASHES if applications decode %2F",
        )
