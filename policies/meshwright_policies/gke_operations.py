"""Rules for GKE clusters: kept up to date, watched, free of what nobody supports, and labelled."""

import re
from collections.abc import Iterator
from typing import cast

from meshwright_policies.gke_settings import (
    AUTOPILOT,
    CLUSTERS,
    CLUSTERS_AND_POOLS,
    Setting,
    Wanted,
    cluster,
    judged,
    mended,
    pools,
    provisioned,
    said,
)
from meshwright_policies.rule import (
    NODE_POOL,
    Finding,
    Resource,
    Settings,
    Severity,
    Unjudged,
    Violation,
    resource_rule,
)
from meshwright_policies.values import UNKNOWN, at, unjudged

CHANNELS = ("REGULAR", "RAPID", "STABLE", "EXTENDED")
SYSTEM = "SYSTEM_COMPONENTS"


def _up_to_date(resource: Resource) -> Wanted:
    for place in cluster(resource):
        # Autopilot clusters are always in a channel, the regular one if none is named.
        autopilot = at(place.holder, AUTOPILOT) is True
        mend = 'Set it to "REGULAR", or to another channel'
        yield place, Setting("releaseChannel.channel", CHANNELS, mend, unset_holds=autopilot)
    for place in (*pools(resource), *provisioned(resource)):
        # A cluster's default pool has no such block: the channel decides what it does.
        if place.steps or resource.type == NODE_POOL:
            for key in ("management.autoRepair", "management.autoUpgrade"):
                yield place, Setting(key, (True,), unset_holds=True)


def _up_to_date_remedy(resource: Resource, settings: Settings) -> dict[str, object] | None:
    """A pinned version has to be settled by its owner before a channel chooses versions."""
    pinned = at(resource.properties, "minMasterVersion") is not None
    return mended(
        resource,
        (
            (place, setting)
            for place, setting in _up_to_date(resource)
            if not (pinned and setting.wanted == CHANNELS)
        ),
    )


@resource_rule(
    "GKE-13",
    severity=Severity.LOW,
    source="CIS GKE 1.9 5.5.2-4, CKV_GCP_9/10/70, trivy GCP-0063/0058",
    title="A release channel chooses versions, and nodes repair and upgrade themselves, so that "
    "security patches arrive without anybody having to remember them.",
    types=CLUSTERS_AND_POOLS,
    remedy=_up_to_date_remedy,
)
def up_to_date(resource: Resource, settings: Settings) -> Iterator[Finding]:
    """Repair and upgrade are on by default; which channel, if any, has to be said."""
    return judged(_up_to_date(resource))


@resource_rule(
    "GKE-15",
    severity=Severity.LOW,
    source="CIS GKE 1.9 5.7.1, trivy GCP-0060/0052",
    title="The cluster's logs and metrics reach Google Cloud, so that an incident can be seen "
    "while it happens and told afterwards.",
    types=CLUSTERS,
)
def logged_and_monitored(resource: Resource, settings: Settings) -> Iterator[Finding]:
    """On by default; turned off by the service `none`, or by a list without the system's own."""
    for place in cluster(resource):
        for kind in ("logging", "monitoring"):
            yield from unjudged(place.holder, f"{kind}Service")
            service = at(place.holder, f"{kind}Service")
            if service == "none":
                yield Violation(
                    f"{kind}Service",
                    said(service),
                    f'Set it to "{kind}.googleapis.com/kubernetes", or remove it',
                )
            yield from _components(place.holder, f"{kind}Config")


def _components(holder: object, config: str) -> Iterator[Finding]:
    found = at(holder, config, "enableComponents")
    yield from unjudged(holder, config, "enableComponents")
    if not isinstance(found, list):
        return
    named = cast(list[object], found)
    if SYSTEM in named:
        return
    if UNKNOWN in named:
        yield Unjudged(f"{config}.enableComponents")
    else:
        yield Violation(f"{config}.enableComponents", said(named), f"Add {SYSTEM}")


@resource_rule(
    "GKE-18",
    severity=Severity.MEDIUM,
    source="CIS GKE 1.9 5.10.1/2",
    title="No alpha cluster and no Kubernetes dashboard, so that nothing runs that is deleted "
    "after 30 days, gets no patches, or holds wide rights behind a web page.",
    types=CLUSTERS,
)
def nothing_unsupported(resource: Resource, settings: Settings) -> Iterator[Finding]:
    """Both are off by default; only old clusters can have the dashboard."""
    alpha = Setting(
        "enableKubernetesAlpha",
        (False,),
        "Set it to false: an alpha cluster cannot be upgraded and is deleted after 30 days",
        unset_holds=True,
    )
    dashboard = Setting("addonsConfig.kubernetesDashboard.disabled", (True,), unset_holds=True)
    return judged((place, item) for place in cluster(resource) for item in (alpha, dashboard))


def _posture(resource: Resource) -> Wanted:
    for place in cluster(resource):
        yield place, Setting("securityPostureConfig.mode", ("BASIC", "ENTERPRISE"))


@resource_rule(
    "GKE-19",
    severity=Severity.LOW,
    source="CIS GKE 1.9 5.10.4",
    title="Google audits what runs against its security posture checks, so that a weak workload "
    "is found even where no pull request showed it.",
    types=CLUSTERS,
    remedy=lambda resource, settings: mended(resource, _posture(resource)),
)
def security_posture(resource: Resource, settings: Settings) -> Iterator[Finding]:
    """What Google does by default depends on version and edition, so it has to be said."""
    return judged(_posture(resource))


def _environment(resource: Resource, settings: Settings) -> Wanted:
    """The one label whose value can be told from here: it is the stack's name."""
    stack = re.sub(r"[^a-z0-9_-]", "-", resource.urn.split(":")[2].lower())[:63]
    for place in cluster(resource):
        if "environment" in settings.required_labels:
            # Any value that is set holds; only a missing one is written.
            found = at(place.holder, "resourceLabels", "environment")
            yield place, Setting("resourceLabels.environment", (found or stack,))


@resource_rule(
    "GKE-20",
    severity=Severity.LOW,
    source="CKV_GCP_21, trivy GCP-0051",
    title="Clusters carry the labels that one's organisation asks for, so that cost, owner and "
    "environment can be told from the resource.",
    types=CLUSTERS,
    remedy=lambda resource, settings: mended(resource, _environment(resource, settings)),
)
def labelled(resource: Resource, settings: Settings) -> Iterator[Finding]:
    """Each label of the setting `requiredLabels` is there, and is not empty."""
    for place in cluster(resource):
        labels = at(place.holder, "resourceLabels")
        if labels is UNKNOWN:
            yield Unjudged("resourceLabels")
            continue
        for key in settings.required_labels:
            found = at(labels, key)
            if found is UNKNOWN:
                yield Unjudged(f"resourceLabels.{key}")
            elif not found:
                yield Violation(f"resourceLabels.{key}", said(found), f"Add the label {key}")
