"""What is watched: a dashboard of every service, objectives, and who is told."""

from typing import Annotated

from pydantic import Field

from stacks._fields import Closed, Name, Reference


class Objective(Closed):
    """A promise about one service (SLO), with alerts on how fast its error budget burns."""

    name: Name = Field(description="Name, unique in the spec.")
    service: Reference = Field(
        description="The service: <namespace>/<name>.", examples=["shop/checkout"]
    )
    goal: Annotated[float, Field(gt=0, le=0.9999, allow_inf_nan=False)] = Field(
        description="Share of good calls, above 0 and at most 0.9999.", examples=[0.999]
    )
    latency_ms: int | None = Field(
        default=None,
        ge=1,
        le=3_600_000,
        description="A call is good when it is answered within this, milliseconds. Default: when "
        "it is answered without a server's error.",
    )
    rolling_days: int = Field(
        default=28, ge=1, le=30, description="Days over which the share is counted."
    )


class Monitoring(Closed):
    """Dashboard, objectives, alerts."""

    dashboard: bool = Field(
        default=False, description="Whether a dashboard of every service is made."
    )
    objectives: list[Objective] = Field(
        default_factory=list[Objective], max_length=500, description="Promises (SLOs)."
    )
    alert_emails: list[Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")]] = Field(
        default_factory=list[str],
        max_length=16,
        description="Who is told when an error budget burns. Default: alerts are only shown.",
    )
