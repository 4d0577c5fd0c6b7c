"""Fleet, logging, storage, identity and the other services around a mesh.

Immutable fields and defaults: the "Argument Reference" of each resource at
https://registry.terraform.io/providers/hashicorp/google-beta/latest/docs.
"""

from __future__ import annotations

import json
from typing import Any

from meshwright_sandbox.plugins.gcp.kinds import EVERYTHING, Kind, put

_NETWORKING = {"api": "networkservices.v1", "mask": True, "labels": "labels"}
_HUB = {"api": "gkehub.v1", "mask": True, "labels": "labels"}


def _hub_link(inputs: dict[str, Any], body: dict[str, Any]) -> None:
    """A membership's cluster is named with its service in front."""
    cluster = (body.get("endpoint") or {}).get("gkeCluster") or {}
    link = cluster.get("resourceLink", "")
    if link and not link.startswith("//"):
        cluster["resourceLink"] = f"//container.googleapis.com/{link}"


def _feature_states(answer: dict[str, Any], outputs: dict[str, Any]) -> None:
    if state := answer.get("state"):
        outputs["states"] = [{"states": [state.get("state") or {}]}]
    if state := answer.get("resourceState"):
        outputs["resourceStates"] = [state]


def _fleet_state(answer: dict[str, Any], outputs: dict[str, Any]) -> None:
    outputs["states"] = [answer.get("state") or {}]


def _dashboard_body(inputs: dict[str, Any], body: dict[str, Any]) -> None:
    body.clear()
    body.update(json.loads(inputs["dashboardJson"]))


def _dashboard_json(answer: dict[str, Any], outputs: dict[str, Any]) -> None:
    kept = {key: value for key, value in answer.items() if key not in ("etag", "name")}
    outputs["dashboardJson"] = json.dumps(kept, sort_keys=True)


def _bucket_lifecycle(inputs: dict[str, Any], body: dict[str, Any]) -> None:
    for rule in (body.get("lifecycle") or {}).get("rule") or []:
        states = {"LIVE": True, "ARCHIVED": False}
        state = rule.get("condition", {}).pop("withState", None)
        if state in states:
            put(rule, "condition.isLive", states[state])


KINDS = (
    Kind(
        "gcp:projects/service:Service",
        "serviceusage.v1",
        "services",
        "{project}/{service}",
        replaces=EVERYTHING,
        mutable=frozenset(
            {
                "disableOnDestroy",
                "disableDependentServices",
                "checkIfServiceHasUsageOnDestroy",
            }
        ),
        handler="services",
    ),
    Kind(
        "gcp:projects/serviceIdentity:ServiceIdentity",
        "serviceusage.v1beta1",
        "services",
        "projects/{project}/services/{service}",
        replaces=EVERYTHING,
        handler="services",
    ),
    Kind(
        "gcp:projects/iAMMember:IAMMember",
        "cloudresourcemanager.v1",
        "projects",
        "{project}/{role}/{member}",
        handler="iam",
        replaces=EVERYTHING,
        owner="projects/{project}",
    ),
    Kind(
        "gcp:serviceaccount/iAMMember:IAMMember",
        "iam.v1",
        "projects.serviceAccounts",
        "{serviceAccountId}/{role}/{member}",
        handler="iam",
        replaces=EVERYTHING,
        owner="{serviceAccountId}",
    ),
    Kind(
        "gcp:storage/bucketIAMMember:BucketIAMMember",
        "storage.v1",
        "buckets",
        "b/{bucket}/{role}/{member}",
        handler="iam",
        replaces=EVERYTHING,
        owner="b/{bucket}",
    ),
    Kind(
        "gcp:pubsub/topicIAMMember:TopicIAMMember",
        "pubsub.v1",
        "projects.topics",
        "projects/{project}/topics/{topic}/{role}/{member}",
        handler="iam",
        replaces=EVERYTHING,
        owner="projects/{project}/topics/{topic}",
    ),
    Kind(
        "gcp:bigquery/datasetIamMember:DatasetIamMember",
        "bigquery.v2",
        "datasets",
        "projects/{project}/datasets/{datasetId}/{role}/{member}",
        handler="iam",
        replaces=EVERYTHING,
        owner="projects/{project}/datasets/{datasetId}",
    ),
    Kind(
        "gcp:serviceaccount/account:Account",
        "iam.v1",
        "projects.serviceAccounts",
        "projects/{project}/serviceAccounts/{accountId}@{project}.iam.gserviceaccount.com",
        name_at="^accountId",
        wrap="serviceAccount",
        fields={"accountId": "", "createIgnoreAlreadyExists": "", "disabled": "disabled"},
        defaults={"disabled": False},
        unsent=frozenset({"disabled"}),
        replaces=frozenset({"accountId"}),
        aliases={"member": "serviceAccount:{api.email}"},
        mask=True,
    ),
    Kind(
        "gcp:gkehub/fleet:Fleet",
        collection="projects.locations.fleets",
        id="projects/{project}/locations/global/fleets/default",
        name_at="",
        present=_fleet_state,
        **_HUB,
    ),
    Kind(
        "gcp:gkehub/membership:Membership",
        collection="projects.locations.memberships",
        id="projects/{project}/locations/{location}/memberships/{membershipId}",
        name_at="?membershipId",
        defaults={"location": "global"},
        replaces=frozenset({"endpoint", "authority.issuer"}),
        prepare=_hub_link,
        **_HUB,
    ),
    Kind(
        "gcp:gkehub/feature:Feature",
        collection="projects.locations.features",
        id="projects/{project}/locations/{location}/features/{name}",
        name_at="?featureId",
        present=_feature_states,
        lock="features/{project}/{location}/{name}",
        **_HUB,
    ),
    Kind(
        "gcp:gkehub/featureMembership:FeatureMembership",
        "gkehub.v1",
        "projects.locations.features",
        "projects/{project}/locations/{location}/features/{feature}/membershipId/{membership}",
        part="membershipSpecs",
        replaces=frozenset({"feature", "membership", "membershipLocation"}),
        handler="parts",
        lock="features/{project}/{location}/{feature}",
    ),
    Kind(
        "gcp:networkservices/mesh:Mesh",
        collection="projects.locations.meshes",
        id="projects/{project}/locations/{location}/meshes/{name}",
        name_at="?meshId",
        defaults={"location": "global"},
        **_NETWORKING,
    ),
    Kind(
        "gcp:networkservices/httpRoute:HttpRoute",
        collection="projects.locations.httpRoutes",
        id="projects/{project}/locations/global/httpRoutes/{name}",
        name_at="?httpRouteId",
        fields={
            "rules.action.requestHeaderModifier.removes": "remove",
            "rules.action.responseHeaderModifier.removes": "remove",
        },
        **_NETWORKING,
    ),
    Kind(
        "gcp:logging/projectBucketConfig:ProjectBucketConfig",
        "logging.v2",
        "projects.locations.buckets",
        "projects/{project}/locations/{location}/buckets/{bucketId}",
        create="createAsync",
        name_at="?bucketId",
        fields={"enableAnalytics": "analyticsEnabled"},
        refs={"project": "{}"},
        defaults={"retentionDays": 30},
        constants={"locked": False},
        mask=True,
        adopts=True,
    ),
    Kind(
        "gcp:logging/projectSink:ProjectSink",
        "logging.v2",
        "projects.sinks",
        "projects/{project}/sinks/{name}",
        fields={"uniqueWriterIdentity": "", "customWriterIdentity": ""},
        defaults={"uniqueWriterIdentity": True},
        replaces=frozenset({"uniqueWriterIdentity"}),
        query={"uniqueWriterIdentity": True},
        mask=True,
    ),
    Kind(
        "gcp:bigquery/dataset:Dataset",
        "bigquery.v2",
        "datasets",
        "projects/{project}/datasets/{datasetId}",
        name_at="datasetReference.datasetId",
        fields={
            "accesses": "access",
            "deleteContentsOnDestroy": "",
            "datasetId": "datasetReference.datasetId",
        },
        defaults={"location": "US", "deleteContentsOnDestroy": False},
        replaces=frozenset({"externalDatasetReference", "location"}),
        query={"accessPolicyVersion": 3},
        force=("deleteContentsOnDestroy", "deleteContents"),
        labels="labels",
    ),
    Kind(
        "gcp:storage/bucket:Bucket",
        "storage.v1",
        "buckets",
        "{name}",
        fields={
            "cors.methods": "method",
            "cors.origins": "origin",
            "cors.responseHeaders": "responseHeader",
            "enableObjectRetention": "",
            "forceDestroy": "",
            "lifecycleRules": "lifecycle.rule",
            "lifecycleRules.condition.withState": "isLive",
            "publicAccessPrevention": "iamConfiguration.publicAccessPrevention",
            "requesterPays": "billing.requesterPays",
            "uniformBucketLevelAccess": "iamConfiguration.uniformBucketLevelAccess.enabled",
        },
        defaults={"forceDestroy": False, "storageClass": "STANDARD"},
        replaces=frozenset({"location", "hierarchicalNamespace", "customPlacementConfig"}),
        prepare=_bucket_lifecycle,
        aliases={"url": "gs://{name}"},
        labels="labels",
    ),
    Kind(
        "gcp:pubsub/topic:Topic",
        "pubsub.v1",
        "projects.topics",
        "projects/{project}/topics/{name}",
        name_at="",
        replaces=frozenset({"tags"}),
        mask=True,
        labels="labels",
    ),
    Kind(
        "gcp:monitoring/dashboard:Dashboard",
        "monitoring.v1",
        "projects.dashboards",
        "projects/{project}/dashboards/{}",
        name_at="",
        fields={"dashboardJson": ""},
        prepare=_dashboard_body,
        present=_dashboard_json,
        full=True,
    ),
)
