"""What is kept and watched: log sinks, dashboard, objectives."""

from collections.abc import Mapping
from typing import TypeVar

import pulumi

from meshwright import (
    BigQueryArgs,
    EncryptionKey,
    Fleet,
    LogBucketArgs,
    LogSink,
    LogSinkArgs,
    MeshAlerts,
    MeshDashboard,
    MeshDashboardArgs,
    MeshSlo,
    MeshSloArgs,
    PubSubArgs,
    StorageArgs,
)
from stacks.spec import Platform
from stacks.spec_logging import BigQuery, LogBucket, Storage
from stacks.spec_logging import LogSink as SinkSpec
from stacks.spec_monitoring import Objective


def log_sinks(
    spec: Platform, keys: Mapping[str, EncryptionKey], opts: pulumi.ResourceOptions
) -> dict[str, LogSink]:
    """The log sinks by name."""
    return {sink.name: _sink(spec, sink, keys, opts) for sink in spec.log_sinks}


def _sink(
    spec: Platform,
    sink: SinkSpec,
    keys: Mapping[str, EncryptionKey],
    opts: pulumi.ResourceOptions,
) -> LogSink:
    args: LogSinkArgs = {
        "project": spec.project,
        "prefix": spec.prefix,
        "filter": sink.filter,
        "labels": {**spec.labels},
        "exclusions": [{"name": out.name, "filter": out.filter} for out in sink.exclusions],
    }
    if sink.folder is not None:
        args["folder"] = sink.folder
    key = keys[sink.encryption_key].key_id if sink.encryption_key is not None else None
    if sink.log_bucket is not None:
        args["log_bucket"] = _with_key(_log_bucket(sink.log_bucket), key)
    if sink.bigquery is not None:
        args["bigquery"] = _with_key(_bigquery(sink.bigquery), key)
    if sink.storage is not None:
        args["storage"] = _with_key(_storage(sink.storage), key)
    if sink.pubsub is not None:
        topic: PubSubArgs = {}
        if sink.pubsub.retention_days is not None:
            topic["retention_days"] = sink.pubsub.retention_days
        args["pubsub"] = _with_key(topic, key)
    return LogSink(sink.name, args, opts=opts)


_D = TypeVar("_D", LogBucketArgs, BigQueryArgs, StorageArgs, PubSubArgs)


def _with_key(destination: _D, key: pulumi.Output[str] | None) -> _D:
    if key is not None:
        destination["kms_key"] = key
    return destination


def _log_bucket(bucket: LogBucket) -> LogBucketArgs:
    return {
        "location": bucket.location,
        "retention_days": bucket.retention_days,
        "analytics": bucket.analytics,
    }


def _bigquery(dataset: BigQuery) -> BigQueryArgs:
    args: BigQueryArgs = {
        "location": dataset.location,
        "delete_contents_on_destroy": dataset.delete_contents_on_destroy,
    }
    if dataset.retention_days is not None:
        args["retention_days"] = dataset.retention_days
    return args


def _storage(bucket: Storage) -> StorageArgs:
    return {
        "location": bucket.location,
        "retention_days": bucket.retention_days,
        "delete_contents_on_destroy": bucket.delete_contents_on_destroy,
    }


def watch(spec: Platform, fleet: Fleet, opts: pulumi.ResourceOptions) -> None:
    """The dashboard, the objectives, and the alerts on them."""
    monitoring = spec.monitoring
    # Only the managed mesh writes metrics of Google's; others have Istio's own.
    google = all((cluster.mesh or spec.mesh.kind) == "managed" for cluster in spec.clusters)
    if monitoring.dashboard:
        page: MeshDashboardArgs = {
            "project": fleet.project,
            "prefix": spec.prefix,
            "metrics": "google" if google else "prometheus",
        }
        if google:
            page["mesh_id"] = fleet.mesh_id
        MeshDashboard("services", page, opts=opts)
    objectives = {
        objective.name: MeshSlo(
            objective.name, _objective(spec, objective, fleet, google=google), opts=opts
        )
        for objective in monitoring.objectives
    }
    if objectives:
        MeshAlerts(
            "alerts",
            {
                "project": fleet.project,
                "prefix": spec.prefix,
                "slos": {name: objective.slo_id for name, objective in objectives.items()},
                "emails": [*monitoring.alert_emails],
                "labels": {**spec.labels},
            },
            opts=opts,
        )


def _objective(spec: Platform, objective: Objective, fleet: Fleet, *, google: bool) -> MeshSloArgs:
    namespace, _, service = objective.service.partition("/")
    args: MeshSloArgs = {
        "project": fleet.project,
        "prefix": spec.prefix,
        "namespace": namespace,
        "service": service,
        "goal": objective.goal,
        "rolling_days": objective.rolling_days,
        "metrics": "google" if google else "prometheus",
        "labels": {**spec.labels},
    }
    if google:
        args["mesh_id"] = fleet.mesh_id
    if objective.latency_ms is not None:
        args["latency_ms"] = objective.latency_ms
    return args
