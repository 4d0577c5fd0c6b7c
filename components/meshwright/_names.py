"""Physical names: composed from prefix and role, then checked against the API's limits."""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from ._validation import ArgumentError

_DIGEST_LENGTH = 6
_MEND = "change the name or the prefix"
DNS_LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
"""A label of RFC 1123, as a regular expression: what Kubernetes calls most things by."""


class NameRule(NamedTuple):
    """What an API takes as a name."""

    thing: str
    """What is named, for the error text."""
    shortest: int
    """Fewest characters."""
    longest: int
    """Most characters."""
    pattern: re.Pattern[str] = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
    """What the whole name must match."""
    characters: str = "lower-case letters, digits and inner hyphens, starting with a letter"
    """The pattern in words."""


CLUSTER = NameRule("GKE cluster", 1, 40)
NODE_POOL = NameRule("node pool", 1, 40)
SERVICE_ACCOUNT = NameRule("service account", 6, 30)
COMPUTE = NameRule("Compute Engine resource", 1, 63)
MEMBERSHIP = NameRule("fleet membership", 1, 63)
# Machines are named after their group, templates too, with 9 characters more.
VM_GROUP = NameRule("group of machines", 1, 54)
# A service's name becomes a host name together with its project's number and region.
CLOUD_RUN = NameRule("Cloud Run service", 1, 49)
KUBERNETES = NameRule("Kubernetes object", 1, 63)
NAMESPACE = NameRule(
    "namespace",
    1,
    63,
    re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"),
    "lower-case letters, digits and inner hyphens",
)
LOG_NAME = NameRule(
    "log sink or bucket",
    1,
    100,
    re.compile(r"[A-Za-z0-9][-._A-Za-z0-9]*"),
    "letters, digits, hyphens, underscores and dots, starting with a letter or digit",
)
DATASET = NameRule(
    "BigQuery dataset", 1, 1024, re.compile(r"[A-Za-z0-9_]+"), "letters, digits and underscores"
)
BUCKET = NameRule(
    "Cloud Storage bucket",
    3,
    63,
    re.compile(r"[a-z0-9]([-_a-z0-9]*[a-z0-9])?"),
    "lower-case letters, digits and inner hyphens and underscores",
)
TOPIC = NameRule(
    "Pub/Sub topic",
    3,
    255,
    re.compile(r"(?!goog)[A-Za-z][-._~%+A-Za-z0-9]*"),
    "letters, digits and -._~%+, starting with a letter but not with `goog`",
)
DASHBOARD = NameRule("dashboard", 1, 127, re.compile(r".+"), "one line of text")
MONITORED = NameRule("service or objective of Cloud Monitoring", 1, 63)
KMS = NameRule(
    "key ring or key",
    1,
    63,
    re.compile(r"[A-Za-z0-9_-]+"),
    "letters, digits, hyphens and underscores",
)


def host_words(hosts: Iterable[str], longest: int | None = None) -> dict[str, str]:
    """What stands for each host in names: itself with hyphens for dots, and `any` for `*`.

    `a.b.example.com` and `a-b.example.com` would be called the same; then the later one also has
    a digest of itself, and the first keeps its name whatever comes after it. So has what would be
    longer than `longest` characters.
    """
    words: dict[str, str] = {}
    for host in dict.fromkeys(hosts):
        word = host.replace("*", "any").replace(".", "-")
        if word in words.values() or (longest is not None and len(word) > longest):
            digest = hashlib.sha256(host.encode()).hexdigest()[:_DIGEST_LENGTH]
            room = None if longest is None else longest - len(digest) - 1
            word = f"{word[:room].rstrip('-')}-{digest}"
        words[host] = word
    return words


def physical_name(
    component: str,
    rule: NameRule,
    prefix: str | None,
    *parts: str,
    owner: str | None = None,
    path: str = "name",
) -> str:
    """Join prefix and parts with `-`; raise ArgumentError where the API would refuse the result.

    The error is of the component's instance `owner`, which is the first part unless it is named.
    """
    name = "-".join(part for part in (prefix, *parts) if part)
    if rule is DATASET:
        name = name.replace("-", "_")
    if problem := name_problem(rule, name):
        raise ArgumentError(component, owner or parts[0], [(path, f"{problem}; {_MEND}")])
    return name


def named(rule: NameRule, name: str, field: str = "") -> Callable[[Any], Iterator[tuple[str, str]]]:
    """A rule for the arguments of a component: that its main resource may be called as it will be.

    That is the component's `name` behind the argument `prefix`, or what stands in the argument
    `field`. `physical_name` composes the same name, once the arguments are right.
    """

    def problems(args: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        parts = (args.get(field, name),) if field else (args.get("prefix"), name)
        if problem := name_problem(rule, "-".join(filter(None, parts))):
            yield "name", f"{problem}; {_MEND}"

    return problems


def name_problem(rule: NameRule, name: str) -> str:
    """Why the API would refuse a name; "" where it takes it."""
    problem = ""
    if not rule.shortest <= len(name) <= rule.longest:
        problem = f"has {len(name)} characters; {rule.shortest} to {rule.longest} are allowed"
    elif not rule.pattern.fullmatch(name):
        problem = f"may only have {rule.characters}"
    return f"the name {name!r} of a {rule.thing} {problem}" if problem else ""
