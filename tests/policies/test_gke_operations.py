"""GKE-13, 15, 18, 19, 20: kept up to date, watched, supported, and labelled."""

import pytest

from meshwright_policies.gke_operations import (
    labelled,
    logged_and_monitored,
    nothing_unsupported,
    security_posture,
    up_to_date,
)
from meshwright_policies.rule import CLUSTER, NODE_POOL, Rule, Settings
from meshwright_policies.values import UNKNOWN
from tests.policies.gke_resources import (
    AUTOPILOT,
    POOL,
    STANDARD,
    WITH_POOLS,
    assert_found,
    only,
    remedied,
)
from tests.policies.resources import changed, not_known, places

CHANNEL = "releaseChannel.channel"
LOGS = "loggingConfig.enableComponents"
POSTURE = "securityPostureConfig.mode"
LABEL = "resourceLabels.environment"


@pytest.mark.parametrize(
    ("rule", "type_", "properties", "where", "what", "mend"),
    [
        (
            up_to_date,
            CLUSTER,
            changed(STANDARD, "releaseChannel", None),
            CHANNEL,
            "is not set",
            '"REGULAR", or to another',
        ),
        (
            up_to_date,
            CLUSTER,
            changed(STANDARD, CHANNEL, "UNSPECIFIED"),
            CHANNEL,
            "UNSPEC",
            "REGULAR",
        ),
        (
            up_to_date,
            NODE_POOL,
            changed(POOL, "management.autoRepair", False),
            "management.autoRepair",
            "is false",
            "Set it to true",
        ),
        (
            up_to_date,
            CLUSTER,
            changed(WITH_POOLS, "nodePools.1.management.autoUpgrade", False),
            "nodePools[1].management.autoUpgrade",
            "is false",
            "Set it to true",
        ),
        (
            logged_and_monitored,
            CLUSTER,
            STANDARD | {"loggingService": "none"},
            "loggingService",
            "is 'none'",
            "logging.googleapis.com/kubernetes",
        ),
        (
            logged_and_monitored,
            CLUSTER,
            AUTOPILOT | {"monitoringService": "none"},
            "monitoringService",
            "is 'none'",
            "monitoring.googleapis.com/kubernetes",
        ),
        (
            logged_and_monitored,
            CLUSTER,
            changed(STANDARD, LOGS, ["WORKLOADS"]),
            LOGS,
            "is ['WORKLOADS']",
            "Add SYSTEM_COMPONENTS",
        ),
        (
            logged_and_monitored,
            CLUSTER,
            changed(STANDARD, "monitoringConfig.enableComponents", []),
            "monitoringConfig.enableComponents",
            "is []",
            "Add SYSTEM_COMPONENTS",
        ),
        (
            nothing_unsupported,
            CLUSTER,
            STANDARD | {"enableKubernetesAlpha": True},
            "enableKubernetesAlpha",
            "is true",
            "deleted after 30 days",
        ),
        (
            nothing_unsupported,
            CLUSTER,
            STANDARD | {"addonsConfig": {"kubernetesDashboard": {"disabled": False}}},
            "addonsConfig.kubernetesDashboard.disabled",
            "is false",
            "Set it to true",
        ),
        (
            security_posture,
            CLUSTER,
            changed(AUTOPILOT, "securityPostureConfig", None),
            POSTURE,
            "is not set",
            'Set it to "BASIC"',
        ),
        (
            security_posture,
            CLUSTER,
            changed(STANDARD, POSTURE, "DISABLED"),
            POSTURE,
            "DIS",
            "BASIC",
        ),
        (
            labelled,
            CLUSTER,
            changed(STANDARD, "resourceLabels", None),
            LABEL,
            "is not set",
            "Add the label environment",
        ),
        (labelled, CLUSTER, changed(STANDARD, LABEL, ""), LABEL, "is ''", "Add the label"),
    ],
)
def test_a_neglected_cluster_is_found_at_its_place(
    rule: Rule, type_: str, properties: dict, where: str, what: str, mend: str
) -> None:
    assert_found(only(rule, type_, properties), where, what, mend)


def test_each_required_label_that_is_missing_is_found() -> None:
    wanted = Settings(required_labels=("team", "environment", "cost-center"))

    assert places(labelled, CLUSTER, STANDARD, settings=wanted) == [
        "resourceLabels.team",
        "resourceLabels.cost-center",
    ]


@pytest.mark.parametrize(
    ("rule", "type_", "properties"),
    [
        (up_to_date, CLUSTER, changed(AUTOPILOT, "releaseChannel", None)),
        (up_to_date, CLUSTER, changed(STANDARD, CHANNEL, "EXTENDED")),
        (up_to_date, NODE_POOL, {}),
        (logged_and_monitored, CLUSTER, {}),
        (logged_and_monitored, CLUSTER, {"loggingService": "logging.googleapis.com/kubernetes"}),
        (nothing_unsupported, CLUSTER, {}),
        (security_posture, CLUSTER, changed(STANDARD, POSTURE, "ENTERPRISE")),
    ],
)
def test_what_google_does_by_default_and_other_good_choices_hold(
    rule: Rule, type_: str, properties: dict
) -> None:
    assert places(rule, type_, properties) == []


@pytest.mark.parametrize(
    ("rule", "type_", "properties", "where"),
    [
        (up_to_date, CLUSTER, STANDARD | {"releaseChannel": UNKNOWN}, CHANNEL),
        (
            up_to_date,
            NODE_POOL,
            changed(POOL, "management.autoRepair", UNKNOWN),
            "management.autoRepair",
        ),
        (logged_and_monitored, CLUSTER, STANDARD | {"loggingService": UNKNOWN}, "loggingService"),
        (logged_and_monitored, CLUSTER, STANDARD | {"loggingConfig": UNKNOWN}, LOGS),
        (logged_and_monitored, CLUSTER, changed(STANDARD, LOGS, ["WORKLOADS", UNKNOWN]), LOGS),
        (
            nothing_unsupported,
            CLUSTER,
            STANDARD | {"enableKubernetesAlpha": UNKNOWN},
            "enableKubernetesAlpha",
        ),
        (security_posture, CLUSTER, STANDARD | {"securityPostureConfig": UNKNOWN}, POSTURE),
        (labelled, CLUSTER, STANDARD | {"resourceLabels": UNKNOWN}, "resourceLabels"),
        (labelled, CLUSTER, changed(STANDARD, LABEL, UNKNOWN), LABEL),
    ],
)
def test_what_is_not_known_yet_is_named_and_not_judged(
    rule: Rule, type_: str, properties: dict, where: str
) -> None:
    assert not_known(rule, type_, properties) == [where]
    assert places(rule, type_, properties) == []


def test_an_unknown_component_matters_only_where_the_system_is_not_named() -> None:
    named = changed(STANDARD, LOGS, ["SYSTEM_COMPONENTS", UNKNOWN])

    assert not_known(logged_and_monitored, CLUSTER, named) == []


def test_a_pinned_version_is_not_mended_into_a_channel() -> None:
    pinned = {"minMasterVersion": "1.33", "releaseChannel": {"channel": "UNSPECIFIED"}}

    assert places(up_to_date, CLUSTER, pinned) == [CHANNEL]
    assert remedied(up_to_date, CLUSTER, pinned) is None


@pytest.mark.parametrize(("stack", "value"), [("prod-eu", "prod-eu"), ("Team.A", "team-a")])
def test_the_environment_is_mended_from_the_stack_as_a_value_that_google_takes(
    stack: str, value: str
) -> None:
    before = {"resourceLabels": {"team": "shop"}}

    after = remedied(labelled, CLUSTER, before, stack=stack)

    assert after == {"resourceLabels": {"team": "shop", "environment": value}}


def test_labels_that_need_knowledge_are_not_made_up() -> None:
    team = Settings(required_labels=("team",))

    assert places(labelled, CLUSTER, STANDARD, settings=team) == ["resourceLabels.team"]
    assert remedied(labelled, CLUSTER, STANDARD, settings=team) is None
