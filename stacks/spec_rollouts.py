"""Rollouts of the spec: how a new version gets its calls, and what judges it."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from stacks._fields import Closed, Name, ProjectId, broken
from stacks._names import HTTPS_URL
from stacks.spec_routes import Callers

_Number = Annotated[float, Field(allow_inf_nan=False)]
_Duration = Annotated[float, Field(ge=0, le=2_592_000, allow_inf_nan=False)]
_Names = Annotated[list[Name], Field(max_length=20)]
_PromQl = Annotated[str, Field(min_length=1, max_length=4096)]


def _url(value: str) -> str:
    # Prometheus in one's own network often has no certificate.
    if not HTTPS_URL.fullmatch(value.replace("http://", "https://", 1)):
        raise broken(
            "must be the address of a Prometheus, http:// or https://, without a user in it",
            "write it like http://prometheus.monitoring.example.com:9090",
        )
    return value.rstrip("/")


class CanaryStep(Closed):
    """A share for the target, for a while."""

    weight: int = Field(ge=0, le=100, description="Share of the target in percent.")
    duration_seconds: _Duration = Field(default=0, description="How long at least, seconds.")
    pause: bool = Field(
        default=False, description="Whether it ends only with `meshwright rollout promote`."
    )
    analyses: _Names | None = Field(
        default=None, description="Names of the analyses that judge it. Default: all."
    )


class BlueGreen(Closed):
    """A switch of every call at once, with checks before and after."""

    pre_switch_seconds: _Duration = Field(
        default=0, description="How long the target is checked before it gets calls, seconds."
    )
    pre_switch: _Names = Field(
        default_factory=list[str],
        description="Analyses that must pass before; what they count are calls of `testers`.",
    )
    pause: bool = Field(
        default=False, description="Whether the switch waits for `meshwright rollout promote`."
    )
    post_switch_seconds: _Duration = Field(
        default=0, description="How long it may still switch back by itself, seconds."
    )
    post_switch: _Names | None = Field(
        default=None, description="Analyses that judge it then. Default: all."
    )


class AbTest(Closed):
    """The target for some callers, told by headers or a cookie; for all, once it has passed."""

    callers: Callers = Field(description="Who gets the target.")
    duration_seconds: _Duration = Field(description="How long at least, seconds.")
    pause: bool = Field(
        default=False, description="Whether it ends only with `meshwright rollout promote`."
    )


class Analysis(Closed):
    """A number that says whether the target is good: `metric`, or a `query` of one's own."""

    name: Name = Field(description="Name, unique in the rollout.", examples=["success-rate"])
    metric: Literal["request-success-rate", "request-duration-p99"] | None = Field(
        default=None,
        description="Percent of the target's calls without a server's error, or milliseconds "
        "within which 99 percent are answered; from the mesh's own metrics.",
    )
    query: _PromQl | None = Field(
        default=None,
        description="PromQL that gives one number. {{service}}, {{namespace}}, {{stable}}, "
        "{{target}} and {{interval}} (such as 60s) are filled in.",
    )
    min: _Number | None = Field(default=None, description="Least value that passes.")
    max: _Number | None = Field(default=None, description="Greatest value that passes.")
    interval_seconds: Annotated[float, Field(ge=1, le=86_400, allow_inf_nan=False)] = Field(
        default=60, description="Time between two measurements, seconds."
    )
    failures_allowed: int = Field(
        default=0,
        ge=0,
        le=1000,
        description="How many measurements of one step may fail; one more ends the rollout.",
    )
    min_samples: int = Field(
        default=0, ge=0, le=1_000_000_000, description="Calls that a measurement needs to count."
    )
    samples_query: _PromQl | None = Field(
        default=None,
        description="PromQL that counts them. Default: the target's calls by the mesh's metrics.",
    )
    on_too_few_samples: Literal["wait", "fail"] = Field(
        default="wait",
        description="What too few calls, or no answer, mean: the step waits, or the measurement "
        "failed.",
    )


class Rollout(Closed):
    """How the target takes over, by `steps`, `blue_green` or `ab_test`; another target, anew."""

    target: Name = Field(description="The version that shall get every call in the end.")
    steps: list[CanaryStep] = Field(
        default_factory=list[CanaryStep], max_length=100, description="Canary: rising shares."
    )
    blue_green: BlueGreen | None = Field(default=None, description="All at once. Default: no.")
    ab_test: AbTest | None = Field(default=None, description="Some callers first. Default: no.")
    testers: Callers | None = Field(
        default=None,
        description="Callers who get the target from its first step on. Default: nobody.",
    )
    analyses: list[Analysis] = Field(
        default_factory=list[Analysis], max_length=20, description="What judges the target."
    )


class Metrics(Closed):
    """Whom analyses ask: `prometheus_url`, or `google_project`."""

    prometheus_url: Annotated[str, AfterValidator(_url)] | None = Field(
        default=None,
        description="Base address of a Prometheus, the part before /api/v1/query.",
        examples=["http://prometheus.monitoring.example.com:9090"],
    )
    google_project: ProjectId | None = Field(
        default=None,
        description="Project whose Cloud Monitoring is asked by its Prometheus API: what the mesh "
        "writes there, and Google Managed Prometheus.",
    )
    names: Literal["google", "prometheus"] | None = Field(
        default=None,
        description="Names of the built-in metrics: those the managed mesh writes by itself, or "
        "Istio's own. Default: google with google_project, else prometheus.",
    )
