"""Where a log sink writes to: log buckets, BigQuery, Cloud Storage, Pub/Sub."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pulumi
import pulumi_gcp as gcp

from ._log_destination_args import BigQueryArgs, LogBucketArgs, PubSubArgs, StorageArgs
from ._names import BUCKET, DATASET, LOG_NAME, TOPIC, physical_name
from ._outputs import after
from ._validation import one_of

_DAY_SECONDS = 24 * 60 * 60
_STORAGE_CLASSES = ("STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE")
# How Cloud KMS calls the multi-regions of other services.
_KEY_PLACES = {"EU": "europe", "US": "us", "ASIA": "asia"}

Problems = Iterator[tuple[str, str]]


class Home(NamedTuple):
    """Where a destination is made."""

    parent: pulumi.Resource
    name: str
    physical: pulumi.Input[str]
    project: pulumi.Input[str]
    labels: pulumi.Input[dict[str, pulumi.Input[str]]] | None

    @property
    def child(self) -> pulumi.ResourceOptions:
        """Options of what is made for it."""
        return pulumi.ResourceOptions(parent=self.parent)


class Destination(NamedTuple):
    """A destination, and how a writer is let in."""

    address: pulumi.Output[str]
    """As a sink names it."""
    admit: Callable[[pulumi.Input[str]], pulumi.Resource]
    """Gives a principal leave to write there, and nothing more."""


def log_bucket(home: Home, args: LogBucketArgs) -> Destination:
    """A Cloud Logging bucket."""
    physical = home.physical
    bucket = gcp.logging.ProjectBucketConfig(
        f"{home.name}-bucket",
        bucket_id=physical,
        project=home.project,
        location=args.get("location", "global"),
        retention_days=args.get("retention_days", 30),
        # Left unset when off: the API refuses to be told so for a bucket that never had it.
        enable_analytics=args.get("analytics"),
        cmek_settings={"kms_key_name": args["kms_key"]} if "kms_key" in args else None,
        opts=home.child,
    )

    def admit(writer: pulumi.Input[str]) -> pulumi.Resource:
        return gcp.projects.IAMMember(
            f"{home.name}-writer",
            project=home.project,
            role="roles/logging.bucketWriter",
            member=writer,
            condition={
                "title": pulumi.Output.concat(physical, " writes to its bucket"),
                "expression": pulumi.Output.concat(
                    "resource.name.endsWith('/buckets/", physical, "')"
                ),
            },
            opts=home.child,
        )

    return Destination(pulumi.Output.concat("logging.googleapis.com/", bucket.id), admit)


def dataset(home: Home, args: BigQueryArgs) -> Destination:
    """A BigQuery dataset."""
    made = gcp.bigquery.Dataset(
        f"{home.name}-dataset",
        dataset_id=home.physical,
        project=home.project,
        location=args.get("location", "US"),
        default_partition_expiration_ms=_days(args, lambda days: days * _DAY_SECONDS * 1000),
        delete_contents_on_destroy=args.get("delete_contents_on_destroy", False),
        default_encryption_configuration=(
            {"kms_key_name": args["kms_key"]} if "kms_key" in args else None
        ),
        labels=home.labels,
        # One in another location has the same id; the provider minds that for names alone.
        opts=pulumi.ResourceOptions.merge(
            home.child, pulumi.ResourceOptions(delete_before_replace=True)
        ),
    )

    def admit(writer: pulumi.Input[str]) -> pulumi.Resource:
        return gcp.bigquery.DatasetIamMember(
            f"{home.name}-writer",
            project=home.project,
            dataset_id=made.dataset_id,
            role="roles/bigquery.dataEditor",
            member=writer,
            opts=home.child,
        )

    return Destination(pulumi.Output.concat("bigquery.googleapis.com/", made.id), admit)


def storage(home: Home, args: StorageArgs) -> Destination:
    """A Cloud Storage bucket that nobody outside can be let into."""
    keeps = "retention_days" in args
    made = gcp.storage.Bucket(
        f"{home.name}-storage",
        name=home.physical,
        project=home.project,
        location=args.get("location", "US"),
        storage_class=args.get("storage_class", "STANDARD"),
        uniform_bucket_level_access=True,
        public_access_prevention="enforced",
        retention_policy=(
            {"retention_period": _days(args, lambda days: str(days * _DAY_SECONDS))}
            if keeps
            else None
        ),
        lifecycle_rules=(
            [{"action": {"type": "Delete"}, "condition": {"age": args.get("retention_days")}}]
            if keeps
            else None
        ),
        encryption={"default_kms_key_name": args["kms_key"]} if "kms_key" in args else None,
        force_destroy=args.get("delete_contents_on_destroy", False),
        labels=home.labels,
        opts=home.child,
    )

    def admit(writer: pulumi.Input[str]) -> pulumi.Resource:
        return gcp.storage.BucketIAMMember(
            f"{home.name}-writer",
            bucket=made.name,
            role="roles/storage.objectCreator",
            member=writer,
            opts=home.child,
        )

    return Destination(pulumi.Output.concat("storage.googleapis.com/", made.name), admit)


def topic(home: Home, args: PubSubArgs) -> Destination:
    """A Pub/Sub topic."""
    made = gcp.pubsub.Topic(
        f"{home.name}-topic",
        name=home.physical,
        project=_with_pubsub(home) if args.get("enable_api", True) else home.project,
        message_retention_duration=_days(args, lambda days: f"{days * _DAY_SECONDS}s"),
        kms_key_name=args.get("kms_key"),
        labels=home.labels,
        opts=home.child,
    )

    def admit(writer: pulumi.Input[str]) -> pulumi.Resource:
        return gcp.pubsub.TopicIAMMember(
            f"{home.name}-writer",
            project=home.project,
            topic=made.name,
            role="roles/pubsub.publisher",
            member=writer,
            opts=home.child,
        )

    return Destination(pulumi.Output.concat("pubsub.googleapis.com/", made.id), admit)


def _with_pubsub(home: Home) -> pulumi.Output[str]:
    """The project, once it may be asked for topics."""
    api = gcp.projects.Service(
        f"{home.name}-pubsub-api",
        project=home.project,
        service="pubsub.googleapis.com",
        # Others in the project may use it.
        disable_on_destroy=False,
        opts=home.child,
    )
    return after(home.project, [api])


def destination_name(
    kind: str,
    project: pulumi.Input[str],
    prefix: str | None,
    name: str,
    bucket: pulumi.Input[str] | None = None,
) -> pulumi.Input[str]:
    """Name of a destination; ArgumentError where the API would refuse it.

    `bucket` is the name that a Cloud Storage bucket was given, whose default then does not count.
    """
    rules = {"bigquery": DATASET, "pubsub": TOPIC, "storage": BUCKET}
    rule = rules.get(kind, LOG_NAME)
    if kind != "storage":
        return physical_name("LogSink", rule, prefix, name)
    if bucket is not None:
        return bucket
    # A bucket's name is for the whole world, so the project's id stands before it.
    if isinstance(project, str):
        return physical_name("LogSink", rule, "-".join(filter(None, [project, prefix])), name)
    return pulumi.Output.concat(project, "-", physical_name("LogSink", rule, prefix, name))


def _days(args: Any, convert: Callable[[int], Any]) -> Any:
    """The retention in another unit; None where there is none."""
    days = args.get("retention_days")
    if days is None:
        return None
    return pulumi.Output.from_input(days).apply(lambda value: convert(int(value)))


def destination_problems(args: dict[str, Any]) -> Problems:
    """What is wrong with the destinations of a sink's arguments."""
    limits = {"log_bucket": 3650, "bigquery": 36500, "storage": 36500, "pubsub": 31}
    for kind, most in limits.items():
        days = args.get(kind, {}).get("retention_days", 1)
        if isinstance(days, int | float) and not 1 <= days <= most:
            yield f"{kind}.retention_days", f"{days} is not within 1 to {most}"
        yield from _key_problems(kind, args.get(kind, {}))
    yield from one_of(
        "storage.storage_class", args.get("storage", {}).get("storage_class"), _STORAGE_CLASSES
    )


def _key_problems(kind: str, args: dict[str, Any]) -> Problems:
    """A key must be where what it encrypts is."""
    if "kms_key" not in args:
        return
    key, location = args["kms_key"], args.get("location", "US")
    if kind == "log_bucket" and args.get("location", "global") == "global":
        yield (
            "log_bucket.location",
            "a bucket with a key of its own needs a region; `global` has none",
        )
        return
    if not isinstance(key, str) or not isinstance(location, str):
        return
    if key.count("/") != 7 or not key.startswith("projects/"):
        form = "projects/P/locations/L/keyRings/R/cryptoKeys/K"
        yield f"{kind}.kms_key", f"{key!r} must have the form `{form}`"
        return
    place, wanted = key.split("/")[3], _KEY_PLACES.get(location.upper(), location.lower())
    if kind != "pubsub" and place != wanted:
        text = f"{key!r} is in {place!r}; this destination takes keys in {wanted!r}"
        yield f"{kind}.kms_key", text
