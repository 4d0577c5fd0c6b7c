"""Cloud Monitoring as google-api-python-client sees it."""

from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.sandbox.conftest import GoogleClients


@pytest.fixture
def dashboards(google: GoogleClients) -> Any:
    """The monitoring v1 client's dashboards."""
    return google("monitoring", "v1").projects().dashboards()


@pytest.fixture
def monitoring(google: GoogleClients) -> Any:
    """The monitoring v3 client."""
    return google("monitoring", "v3")


def test_a_dashboard_gets_a_name_of_its_own(dashboards: Any, project: str) -> None:
    """Without a name in the request; the update replaces the whole and needs the current etag."""
    body = {"displayName": "mesh", "gridLayout": {"columns": "2"}}
    parent = f"projects/{project}"
    made = dashboards.create(parent=parent, body=body).execute()
    assert made["name"].startswith(f"{parent}/dashboards/")
    assert dashboards.get(name=made["name"]).execute() == made

    change = {"displayName": "shop", "mosaicLayout": {"columns": 12}, "etag": made["etag"]}
    changed = dashboards.patch(name=made["name"], body=change).execute()

    assert "gridLayout" not in changed
    with pytest.raises(HttpError) as stale:
        dashboards.patch(name=made["name"], body=change).execute()
    assert stale.value.status_code == 409
    dashboards.delete(name=made["name"]).execute()
    assert dashboards.list(parent=parent).execute() == {}


def test_wrong_dashboards_are_refused(dashboards: Any, project: str) -> None:
    """No name, two layouts, unknown fields, absent dashboards."""
    parent = f"projects/{project}"
    two = {"displayName": "x", "gridLayout": {}, "mosaicLayout": {}}
    for body, text in (({}, "display name"), (two, "one layout"), ({"title": "x"}, "find field")):
        with pytest.raises(HttpError, match=text):
            dashboards.create(parent=parent, body=body).execute()
    name = f"{parent}/dashboards/absent"
    with pytest.raises(HttpError, match="could not be found"):
        dashboards.patch(name=name, body={"displayName": "x"}).execute()


def test_a_service_has_objectives(monitoring: Any, project: str) -> None:
    """SLOs belong to a service that exists, and go with it."""
    parent, services = f"projects/{project}", monitoring.services()
    objectives = services.serviceLevelObjectives()
    good = {"goodServiceFilter": "a", "totalServiceFilter": "b"}
    slo = {
        "goal": 0.99,
        "rollingPeriod": "2419200s",
        "serviceLevelIndicator": {"requestBased": {"goodTotalRatio": good}},
    }
    with pytest.raises(HttpError, match="could not be found"):
        objectives.create(parent=f"{parent}/services/svc", body=slo).execute()
    body = {"displayName": "s", "custom": {}}
    made = services.create(parent=parent, serviceId="svc", body=body).execute()
    assert made["name"] == f"{parent}/services/svc"

    objective = objectives.create(parent=made["name"], body=slo).execute()

    assert objectives.get(name=objective["name"]).execute() == objective
    change = {"goal": 0.95}
    changed = objectives.patch(name=objective["name"], updateMask="goal", body=change).execute()
    assert changed["goal"] == 0.95
    for fields, text in (
        ({"goal": 1.5}, "goal"),
        ({"rollingPeriod": None}, "Exactly one of"),
        ({"rollingPeriod": "3600s"}, "whole number of days"),
        ({"serviceLevelIndicator": None}, "service_level_indicator: must be set"),
    ):
        with pytest.raises(HttpError, match=text):
            objectives.create(parent=made["name"], body=slo | fields).execute()
    with pytest.raises(HttpError, match="Cannot find field"):
        objectives.create(parent=made["name"], body=slo | {"target": 1}).execute()
    services.delete(name=made["name"]).execute()
    with pytest.raises(HttpError):
        objectives.get(name=objective["name"]).execute()


def test_an_alert_policy_names_existing_channels(monitoring: Any, project: str) -> None:
    """Conditions get names, channels must exist."""
    parent = f"projects/{project}"
    policies = monitoring.projects().alertPolicies()
    channels = monitoring.projects().notificationChannels()
    threshold = {"filter": "x", "comparison": "COMPARISON_GT", "duration": "60s"}
    policy = {
        "displayName": "burn",
        "combiner": "OR",
        "conditions": [{"displayName": "fast", "conditionThreshold": threshold}],
    }
    absent = {"notificationChannels": [f"{parent}/notificationChannels/1"]}
    with pytest.raises(HttpError, match="could not be found"):
        policies.create(name=parent, body=policy | absent).execute()
    body = {"type": "email", "labels": {"email_address": "sre@example.com"}}
    channel = channels.create(name=parent, body=body).execute()
    policy["notificationChannels"] = [channel["name"]]

    made = policies.create(name=parent, body=policy).execute()

    assert made["enabled"] is True
    assert made["conditions"][0]["name"].startswith(f"{made['name']}/conditions/")
    change = {"enabled": False}
    changed = policies.patch(name=made["name"], updateMask="enabled", body=change).execute()
    assert not changed.get("enabled")
    for fields, text in (
        ({"conditions": []}, "must have a condition"),
        ({"combiner": "XOR"}, "combiner"),
        (
            {"conditions": [{"conditionThreshold": threshold | {"duration": "90s"}}]},
            "condition_threshold.duration .* must be a multiple of a minute",
        ),
        ({"severe": True}, "Cannot find field"),
    ):
        with pytest.raises(HttpError, match=text):
            policies.create(name=parent, body=policy | fields).execute()
    assert policies.get(name=made["name"]).execute() == changed
    with pytest.raises(HttpError, match="is being used by"):
        channels.delete(name=channel["name"]).execute()
    channels.delete(name=channel["name"], force=True).execute()
    assert not policies.get(name=made["name"]).execute().get("notificationChannels")
    policies.delete(name=made["name"]).execute()


def test_an_alert_on_a_burn_rate_names_an_objective_that_exists(
    monitoring: Any, project: str
) -> None:
    """Otherwise it could never fire."""
    parent = f"projects/{project}"
    name = f"{parent}/services/svc/serviceLevelObjectives/a"
    burn = f'select_slo_burn_rate("{name}", "3600s")'
    threshold = {"filter": burn, "comparison": "COMPARISON_GT", "duration": "0s"}
    policy = {
        "displayName": "burn",
        "combiner": "AND",
        "conditions": [{"displayName": "an hour", "conditionThreshold": threshold}],
    }
    policies = monitoring.projects().alertPolicies()
    with pytest.raises(HttpError, match="could not be found"):
        policies.create(name=parent, body=policy).execute()
    monitoring.services().create(parent=parent, serviceId="svc", body={"custom": {}}).execute()
    good = {"goodServiceFilter": "a", "totalServiceFilter": "b"}
    slo = {
        "goal": 0.99,
        "rollingPeriod": "2419200s",
        "serviceLevelIndicator": {"requestBased": {"goodTotalRatio": good}},
    }
    objectives = monitoring.services().serviceLevelObjectives()
    objectives.create(
        parent=f"{parent}/services/svc", serviceLevelObjectiveId="a", body=slo
    ).execute()

    made = policies.create(name=parent, body=policy).execute()

    absent = {**threshold, "filter": burn.replace("Objectives/a", "Objectives/b")}
    conditions = [{"displayName": "an hour", "conditionThreshold": absent}]
    with pytest.raises(HttpError, match="could not be found"):
        policies.patch(
            name=made["name"], updateMask="conditions", body={"conditions": conditions}
        ).execute()
    objectives.delete(name=name).execute()
    with pytest.raises(HttpError, match="could not be found"):
        objectives.get(name=name).execute()


def test_a_service_and_a_channel_are_changed_by_mask(monitoring: Any, project: str) -> None:
    """Only what the mask names; a channel of a known type has that type's label."""
    parent, services = f"projects/{project}", monitoring.services()
    made = services.create(
        parent=parent, serviceId="svc", body={"displayName": "a", "custom": {}}
    ).execute()
    body = {"displayName": "b", "userLabels": {"team": "x"}}
    services.patch(name=made["name"], updateMask="displayName", body=body).execute()
    read = services.get(name=made["name"]).execute()
    assert (read["displayName"], "userLabels" in read) == ("b", False)
    channels = monitoring.projects().notificationChannels()
    email = {"type": "email", "labels": {"email_address": "sre@example.com"}}
    channel = channels.create(name=parent, body=email).execute()
    change = {"displayName": "on call"}
    channels.patch(name=channel["name"], updateMask="displayName", body=change).execute()
    assert channels.get(name=channel["name"]).execute()["displayName"] == "on call"
    with pytest.raises(HttpError, match="email_address"):
        channels.create(name=parent, body={"type": "email"}).execute()
    with pytest.raises(HttpError, match="Cannot find field"):
        channels.patch(name=channel["name"], updateMask="labels", body={"label": {}}).execute()


def test_an_uptime_check_gets_a_name_of_its_own(monitoring: Any, project: str) -> None:
    """Two alike are two; each is changed by mask, read back and deleted once."""
    checks, parent = monitoring.projects().uptimeCheckConfigs(), f"projects/{project}"
    resource = {"type": "uptime_url", "labels": {"project_id": project, "host": "shop.example"}}
    body = {
        "displayName": "shop",
        "monitoredResource": resource,
        "httpCheck": {"path": "/healthz", "port": 443, "useSsl": True},
        "period": "60s",
        "timeout": "10s",
    }
    made = [checks.create(parent=parent, body=body).execute() for _ in range(2)]
    assert len({check["name"] for check in made}) == 2
    assert made[0]["name"].startswith(f"{parent}/uptimeCheckConfigs/")
    assert made[0] == body | {"name": made[0]["name"]}
    mask = {"name": made[0]["name"], "updateMask": "period"}
    changed = checks.patch(**mask, body={"period": "300s", "timeout": "1s"}).execute()
    assert changed == made[0] | {"period": "300s"}
    assert checks.get(name=made[0]["name"]).execute() == changed
    with pytest.raises(HttpError, match="display_name"):
        checks.create(parent=parent, body=body | {"displayName": ""}).execute()
    with pytest.raises(HttpError, match="resource: must be set"):
        checks.create(parent=parent, body={"displayName": "none"}).execute()
    for check in made:
        checks.delete(name=check["name"]).execute()
    with pytest.raises(HttpError, match="could not be found"):
        checks.delete(name=made[0]["name"]).execute()


def test_a_group_gets_a_name_of_its_own(monitoring: Any, project: str) -> None:
    groups, parent = monitoring.projects().groups(), f"projects/{project}"
    body = {"displayName": "mesh", "filter": 'resource.metadata.region = "europe-west2"'}

    made = groups.create(name=parent, body=body).execute()

    assert made == body | {"name": made["name"]}
    assert made["name"].startswith(f"{parent}/groups/")
    assert groups.list(name=parent).execute()["group"] == [made]
