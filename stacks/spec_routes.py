"""Routes of the spec: how calls to a service are shared among its versions."""

from typing import Annotated, Literal

from pydantic import Field

from stacks._fields import (
    Closed,
    CookieName,
    HeaderName,
    Headers,
    Host,
    Name,
    Reference,
    Seconds,
    Weight,
    WholePercent,
)


class WeightedVersion(Closed):
    """The share of one version in a service's calls."""

    version: Name = Field(description="Name of a version of this service.")
    weight: Weight = Field(description="Share in percent, 0 to 100; all of a route sum to 100.")


class Retries(Closed):
    """What to do with a call that failed."""

    attempts: int = Field(ge=0, le=10, description="How often to try again; 0: never.")
    per_try_timeout_seconds: Seconds | None = Field(
        default=None, description="How long one try may take, seconds. Default: the timeout."
    )
    on: list[str] = Field(
        default_factory=lambda: ["connect-failure", "refused-stream", "unavailable"],
        min_length=1,
        max_length=20,
        description="Which failures, in Envoy's words.",
    )
    remote_localities: bool | None = Field(
        default=None,
        description="Whether a call that failed in its region is tried again in another one. "
        "Default: true where several clusters run the service, and its outlier_detection is on.",
    )


class Callers(Closed):
    """Callers who are told apart by headers or a cookie."""

    headers: Headers = Field(
        default_factory=dict,
        description="Headers and the exact values they must have, all of them.",
        examples=[{"x-beta": "true"}],
    )
    cookie: CookieName | None = Field(
        default=None,
        description="Name of a cookie that must be there with `cookie_value`.",
        examples=["beta"],
    )
    cookie_value: Annotated[str, Field(pattern=r"^[!#-+\--:<-\[\]-~]{1,256}$")] | None = Field(
        default=None, description="Exact value of the cookie."
    )


class Match(Callers):
    """An A/B rule: calls with these headers or this cookie go to one version."""

    version: Name = Field(description="Name of a version of this service.")


class Mirror(Closed):
    """A copy of the calls for one version, whose answers nobody waits for."""

    version: Name = Field(description="Name of a version of this service.")
    percent: WholePercent = Field(default=100, description="Share of the calls that is copied.")


class Sticky(Closed):
    """What keeps a caller at the same place; exactly one of cookie, header and source_ip."""

    to: Literal["pod", "version"] = Field(
        default="pod",
        description="Same pod, or same version while weights move; version takes a cookie.",
    )
    cookie: CookieName | None = Field(default=None, description="Name of the cookie.")
    cookie_ttl_seconds: int | None = Field(
        default=None, ge=0, le=31_536_000, description="Life of the cookie, seconds; 0: a session."
    )
    header: HeaderName | None = Field(default=None, description="Name of the header.")
    source_ip: bool = Field(default=False, description="Whether it is the caller's address.")


class Fault(Closed):
    """Faults put in on purpose, to see what callers do; never in production."""

    delay_seconds: Seconds | None = Field(default=None, description="How long to hold a call.")
    delay_percent: WholePercent = Field(default=100, description="Share of the calls held.")
    abort_status: int | None = Field(
        default=None, ge=200, le=599, description="HTTP status to answer with instead."
    )
    abort_percent: WholePercent = Field(default=100, description="Share of the calls aborted.")


class Route(Closed):
    """How calls are shared among a service's versions: `weights`, or `active` for blue/green."""

    rendering: Literal["istio", "gateway-api", "networkservices"] = Field(
        default="istio", description="Which API says it: what one cannot express is an error."
    )
    weights: list[WeightedVersion] = Field(
        default_factory=list[WeightedVersion],
        max_length=50,
        description="Share of each version; 0 for one that waits.",
    )
    active: Name | None = Field(
        default=None,
        description="Blue/green: the version that gets every call; the others stand ready.",
    )
    matches: list[Match] = Field(
        default_factory=list[Match],
        max_length=50,
        description="A/B rules, tried in order before the shares.",
    )
    mirror: Mirror | None = Field(default=None, description="Copy of the calls. Default: none.")
    sticky: Sticky | None = Field(default=None, description="Session affinity. Default: none.")
    fault: Fault | None = Field(default=None, description="Injected faults. Default: none.")
    timeout_seconds: Seconds | None = Field(
        default=None, description="Deadline of a call with its retries, seconds. Default: none."
    )
    retries: Retries | None = Field(default=None, description="Retries. Default: the mesh's own.")
    gateway: Reference | None = Field(
        default=None,
        description="Gateway that serves the service, <namespace>/<name>. Default: none.",
        examples=["shop-ingress/public"],
    )
    hosts: list[Host] = Field(
        default_factory=list[str],
        max_length=100,
        description="Public names of the service, each one that the gateway serves.",
    )
