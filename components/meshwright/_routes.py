"""A route as such: rules, shares and what happens to a call, in no API's words.

Each rendering takes a Route, so that one set of arguments means the same wherever it is rendered.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi

from ._durations import milliseconds
from ._validation import is_plain


@dataclass(frozen=True)
class Version:
    """One version of a service, and what stands for it."""

    name: str
    labels: pulumi.Input[dict[str, pulumi.Input[str]]]
    """Pod labels of the version."""
    service: pulumi.Input[str] | None = None
    """Kubernetes Service of this version alone."""
    backend_service: pulumi.Input[str] | None = None
    """Compute Engine backend service of this version alone."""


@dataclass(frozen=True)
class Match:
    """Which calls a rule is for: all headers and the cookie must fit. Nothing given: all calls."""

    headers: dict[str, pulumi.Input[str]] = field(default_factory=dict[str, pulumi.Input[str]])
    cookie: tuple[str, pulumi.Input[str]] | None = None


@dataclass(frozen=True)
class Rule:
    """Calls, and the share of them that each version gets in percent."""

    match: Match
    shares: dict[str, pulumi.Input[int]]
    keeps: bool = False
    """Whether callers are told by a cookie which version they got."""


@dataclass(frozen=True)
class Retry:
    """What to do with a call that failed."""

    attempts: pulumi.Input[int]
    retry_on: pulumi.Input[str]
    per_try_timeout: pulumi.Input[str] | None = None
    remote_localities: bool = False


@dataclass(frozen=True)
class OutlierDetection:
    """When a pod that keeps failing is left out, and for how long."""

    consecutive_5xx_errors: pulumi.Input[int]
    interval: pulumi.Input[str]
    base_ejection_time: pulumi.Input[str]
    max_ejection_percent: pulumi.Input[int]


@dataclass(frozen=True)
class Mirror:
    """A version that gets copies of calls."""

    version: str
    percent: pulumi.Input[int]


@dataclass(frozen=True)
class Delay:
    """A pause before some calls."""

    fixed_delay: pulumi.Input[str]
    percent: pulumi.Input[int]


@dataclass(frozen=True)
class Abort:
    """An answer in place of some calls."""

    http_status: pulumi.Input[int]
    percent: pulumi.Input[int]


@dataclass(frozen=True)
class Sticky:
    """What keeps a caller at one version, or at one pod of a version."""

    to_version: bool
    ttl: str
    cookie: str | None = None
    header: str | None = None
    source_ip: bool = False

    def set_cookie(self, version: str) -> str:
        """The Set-Cookie header that tells a caller its version.

        It is not marked Secure: it holds no secret, and callers in the mesh speak plain HTTP to
        their proxy.
        """
        # A cookie whose age is 0 is gone at once; one without an age lives as long as the session.
        age = math.ceil(milliseconds(self.ttl) / 1000)
        life = f" Max-Age={age};" if age else ""
        return f"{self.cookie}={version}; Path=/;{life} HttpOnly; SameSite=Lax"


@dataclass(frozen=True)
class Route:
    """How calls to one service are shared among its versions."""

    service: pulumi.Input[str]
    host: pulumi.Output[str]
    """Name of the service in the mesh."""
    versions: dict[str, Version]
    rules: list[Rule]
    """The first that matches a call is its rule; the last one matches all."""
    protocol: str = "http"
    port: pulumi.Input[int] | None = None
    public_hosts: list[str] = field(default_factory=list[str])
    gateways: list[pulumi.Input[str]] = field(default_factory=list[pulumi.Input[str]])
    timeout: pulumi.Input[str] | None = None
    retry: Retry | None = None
    mirror: Mirror | None = None
    delay: Delay | None = None
    abort: Abort | None = None
    sticky: Sticky | None = None
    outliers: OutlierDetection | None = None


def rules(
    matches: Sequence[tuple[Match, Mapping[str, pulumi.Input[int]]]],
    shares: dict[str, pulumi.Input[int]],
    sticky: Sticky | None,
) -> list[Rule]:
    """The rules in their order: A/B matches, callers that have a version, everyone else.

    A version whose share is 0 keeps nobody, so that a roll-back reaches every caller at once.
    """
    picked: list[Rule] = [Rule(match, dict(picks)) for match, picks in matches]
    if sticky is None or not sticky.to_version or sticky.cookie is None:
        return [*picked, Rule(Match(), shares)]
    kept = [
        Rule(Match(cookie=(sticky.cookie, version)), _kept(version, shares))
        for version, share in shares.items()
        if not is_plain(share) or share != 0
    ]
    return [*picked, *kept, Rule(Match(), shares, keeps=True)]


def _kept(version: str, shares: dict[str, pulumi.Input[int]]) -> dict[str, pulumi.Input[int]]:
    """All to the version that a caller has; shares known later decide then whether it keeps any."""
    if all(is_plain(share) for share in shares.values()):
        return {version: 100}

    def share(of: str, known: dict[str, int]) -> int:
        return known[of] if known[version] == 0 else 100 * (of == version)

    known = pulumi.Output.all(**shares)
    return {of: known.apply(lambda found, of=of: share(of, found)) for of in shares}


def cookie_pattern(cookie: tuple[str, pulumi.Input[str]]) -> pulumi.Input[str]:
    """A regular expression for a whole Cookie header that holds the cookie."""
    name, value = cookie
    if isinstance(value, str):
        return _cookie_pattern(name, value)
    return pulumi.Output.from_input(value).apply(lambda known: _cookie_pattern(name, known))


def _cookie_pattern(name: str, value: str) -> str:
    return rf"(.*;\s*)?{_escaped(name)}={_escaped(value)}(;.*)?"


def _escaped(text: str) -> str:
    """The text as RE2 takes it, which allows a backslash before any punctuation."""
    return "".join(c if c.isalnum() or c in "_-" else f"\\{c}" for c in text)
