"""Permissions that no call could use, or that Istio would take for something else.

Follows https://istio.io/latest/docs/reference/config/security/authorization-policy/.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ._names import DNS_LABEL
from ._validation import duplicates

ACCOUNT = re.compile(rf"{DNS_LABEL}/{DNS_LABEL}(\.{DNS_LABEL})*")
"""A caller: `namespace/service-account`."""
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,240}[a-z0-9])?")
_METHOD = re.compile(r"\*|[A-Z][A-Z_-]*\*?|\*[A-Z_-]+")
# A path of Istio: exact, with `*` at one end, or a template of whole segments.
_PATH = re.compile(r"/[^\s*{}]*\*?|\*[^\s*{}]*|(/(\{\*\*?\}|[^\s*{}/]*))+")
_OWN = "deny-all"


def permission_problems(path: str, rule: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is wrong with one permission's callers, methods, paths and ports."""
    for place, caller in enumerate(rule.get("service_accounts", [])):
        if not ACCOUNT.fullmatch(caller):
            where = f"{path}.service_accounts[{place}]"
            yield where, f"{caller!r} must be `namespace/service-account`"
    for place, namespace in enumerate(rule.get("namespaces", [])):
        if not re.fullmatch(rf"\*|\*?{DNS_LABEL}\*?", namespace):
            yield f"{path}.namespaces[{place}]", f"{namespace!r} is no name of a namespace"
    for place, method in enumerate(rule.get("methods", [])):
        if not _METHOD.fullmatch(method):
            text = "matches no call; methods are in capitals, such as GET"
            yield f"{path}.methods[{place}]", f"{method!r} {text}"
    yield from path_problems(f"{path}.paths", rule.get("paths", []))
    yield from port_problems(f"{path}.ports", rule.get("ports", []))


def path_problems(where: str, paths: list[str]) -> Iterator[tuple[str, str]]:
    """A `*` that is not at one end stands for itself in Istio, and no path has it."""
    for place, path in enumerate(paths):
        if not _PATH.fullmatch(path):
            text = "matches no call; `*` stands at one end, `{*}` and `{**}` for whole segments"
            yield f"{where}[{place}]", f"{path!r} {text}"


def port_problems(where: str, ports: list[int]) -> Iterator[tuple[str, str]]:
    """Numbers that are no port."""
    for place, port in enumerate(ports):
        if not 1 <= port <= 65535:
            yield f"{where}[{place}]", f"{port!r} is not a whole number from 1 to 65535"


def name_problems(args: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Names that Kubernetes refuses, and two policies by one name, of which one would be lost."""
    made: list[str] = []
    for key, suffix in (("allow", ""), ("jwt", "-required"), ("plaintext", "-plaintext")):
        for index, rule in enumerate(args.get(key, [])):
            name: str = rule["name"]
            if not _NAME.fullmatch(name):
                text = "may only have up to 242 lower-case letters, digits, inner hyphens and dots"
                yield f"{key}[{index}].name", f"{name!r} {text}"
            if key == "allow" and name == _OWN:
                text = "is the policy that denies what no rule allows; choose another name"
                yield f"{key}[{index}].name", f"{name!r} {text}"
            if isinstance(rule["namespace"], str):
                made.append(f"{rule['namespace']}/{name}{suffix}")
    for name in duplicates(made):
        namespace, _, short = name.partition("/")
        text = f"two rules make an AuthorizationPolicy {short!r} in namespace {namespace!r}"
        yield "allow", f"{text}; choose another name for one of them"
