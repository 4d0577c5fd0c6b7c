"""Turns rules into the engine's policies: levels, config, exemptions and messages.

Policy config (`--policy-pack-config FILE`, JSON), per rule id, all optional:
`enforcementLevel` (advisory, mandatory, disabled), `exemptions` (see exemptions.py),
`rootNamespace` (default istio-system), `productionStacks` (patterns of stack names).
"""

import datetime
from collections.abc import Iterable, Mapping
from typing import cast

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyConfigSchema,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy import Severity as EngineSeverity

from meshwright_policies import RULES, exemptions
from meshwright_policies.rule import Finding, Resource, Rule, Settings, Severity, Violation
from meshwright_policies.values import UNKNOWN, at, plain

LEVELS = {
    Severity.CRITICAL: EnforcementLevel.MANDATORY,
    Severity.HIGH: EnforcementLevel.MANDATORY,
    Severity.MEDIUM: EnforcementLevel.ADVISORY,
    Severity.LOW: EnforcementLevel.ADVISORY,
}

CONFIG = PolicyConfigSchema(
    properties={
        "exemptions": exemptions.SCHEMA,
        "rootNamespace": {"type": "string", "minLength": 1, "default": "istio-system"},
        "productionStacks": {"type": "array", "items": {"type": "string", "minLength": 1}},
    }
)


def policies() -> list[Policy]:
    """A policy for each rule, in the order of RULES."""
    return [_policy(rule) for rule in RULES]


def _policy(rule: Rule) -> Policy:
    resource_check, stack_check = rule.resource_check, rule.stack_check
    level, severity = LEVELS[rule.severity], EngineSeverity(rule.severity.value)
    if resource_check:

        def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
            resource = Resource(args.urn, args.resource_type, args.name, plain(args.props))
            config = args.get_config()
            _report(rule, config, resource_check(resource, settings(config)), report, args.urn)

        return ResourceValidationPolicy(
            rule.id, rule.title, validate, level, config_schema=CONFIG, severity=severity
        )
    assert stack_check, f"rule {rule.id} checks nothing"

    def validate_stack(args: StackValidationArgs, report: ReportViolation) -> None:
        config = args.get_config()
        found = stack_check(seen(args.resources), settings(config))
        _report(rule, config, found, report, "")

    return StackValidationPolicy(
        rule.id, rule.title, validate_stack, level, config_schema=CONFIG, severity=severity
    )


def settings(config: Mapping[str, object]) -> Settings:
    """The settings that a rule's config gives, over the defaults."""
    default = Settings()
    stacks = cast(list[str], config.get("productionStacks") or default.production_stacks)
    root = cast(str, config.get("rootNamespace") or default.root_namespace)
    return Settings(root_namespace=root, production_stacks=tuple(stacks))


def _report(
    rule: Rule,
    config: Mapping[str, object],
    findings: Iterable[Finding],
    report: ReportViolation,
    urn: str,
) -> None:
    """Report every violation that no exemption covers today."""
    accepted, problems = exemptions.parse(config)
    today = datetime.datetime.now(datetime.UTC).date()
    found = [finding for finding in findings if isinstance(finding, Violation)]
    for violation in found:
        where = violation.urn or urn
        exempt, note = exemptions.judge(accepted, where, today)
        if not exempt:
            report(rule.message(violation) + note, where)
    if found:
        # A broken entry matters where it could have been meant to cover something.
        for problem in problems:
            report(f"policy config of {rule.id}: {problem}", urn)


def seen(resources: list[PolicyResource]) -> list[Resource]:
    """The resources of a stack; Kubernetes objects also with the cluster they go to.

    A cluster is called by the first of its providers: two with the same kubeconfig and context
    are one cluster, and while these are not known, each provider counts for itself.
    """
    names: dict[str, str] = {}
    return [
        # While a cluster is only planned, the engine knows none of its objects' properties.
        Resource(r.urn, r.resource_type, r.name, plain(r.props) or UNKNOWN, _cluster(r, names))
        for r in resources
    ]


def _cluster(resource: PolicyResource, names: dict[str, str]) -> str:
    if not resource.resource_type.startswith("kubernetes:"):
        return ""
    provider = resource.provider
    if provider is None:
        return "(default provider)"
    known = plain(provider.props)
    access = tuple(at(known, key) for key in ("kubeconfig", "context", "cluster"))
    identity = access if any(isinstance(part, str) for part in access) else provider.urn
    return names.setdefault(repr(identity), provider.name)
