"""Google Cloud Armor's policies and their rules. They are kept, and no request is held to them.

Follows https://cloud.google.com/armor/docs/configure-security-policies.
"""

from typing import Any

from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.service import Collection
from meshwright_sandbox.services.vpc.policy_rules import Rules

Json = dict[str, Any]
_TYPES = ("securityPolicies", "regionSecurityPolicies")
_LAST = 2147483647
_KIND = "compute#securityPolicyRule"
_RULES = Rules(_KIND, "security policy", last=_LAST, given={"preview": False})


def _defaults(_: Call, policy: Json) -> None:
    """Every policy has a last rule, which lets through what no other has decided."""
    policy.setdefault("type", "CLOUD_ARMOR")
    rules: list[Json] = policy.setdefault("rules", [])
    if policy["type"] == "CLOUD_ARMOR" and all(rule.get("priority") != _LAST for rule in rules):
        anybody = {"versionedExpr": "SRC_IPS_V1", "config": {"srcIpRanges": ["*"]}}
        rule = {"priority": _LAST, "action": "allow", "match": anybody, "preview": False}
        rules.append(rule | {"kind": _KIND, "description": "default rule"})


def _check(_: Call, policy: Json) -> None:
    _RULES.require_unique(policy.get("rules", []))


COLLECTIONS = tuple(Collection(type_, defaults=_defaults, check=_check) for type_ in _TYPES)
METHODS = {name: method for type_ in _TYPES for name, method in _RULES.methods(type_).items()}
