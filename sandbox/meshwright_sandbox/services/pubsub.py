"""Pub/Sub: topics, subscriptions, and messages that are pulled."""

import copy
import re
from typing import Any

from meshwright_sandbox.core import generic, labels, references
from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.encryption import require_key
from meshwright_sandbox.core.errors import ApiError, invalid
from meshwright_sandbox.core.schema import snake_case
from meshwright_sandbox.core.service import Collection, Service
from meshwright_sandbox.core.service_agents import agent_email
from meshwright_sandbox.services import messages

Json = dict[str, Any]
_TOPICS = "projects.topics"
_SUBSCRIPTIONS = "projects.subscriptions"
_DELETED_TOPIC = "_deleted-topic_"
_MINUTE, _DAY = 60, 24 * 60 * 60
_NAME = re.compile(r"(?!goog)[A-Za-z][-A-Za-z0-9_.~+%]{2,254}")


def _create(call: Call) -> Json:
    """PUT on the resource's own name creates it; it is no update."""
    short = call.name.rpartition("/")[2]
    if not _NAME.fullmatch(short):
        raise invalid(f"Invalid resource name given (name={call.name}).")
    if call.cloud.store.get("pubsub", call.name) is not None:
        raise ApiError(409, call.service.already_exists(call.name))
    document = copy.deepcopy(call.body) | {"name": call.name}
    if call.collection.defaults:
        call.collection.defaults(call, document)
    uses = references.resolve(call, document)
    if call.collection.check:
        call.collection.check(call, document)
    labels.check(call, document)
    call.put(call.name, document)
    call.cloud.store.set_uses("pubsub", call.name, uses)
    return call.shown(call.type, document)


def _patch(call: Call) -> Json:
    """The request wraps the resource: `{"topic": {...}, "updateMask": "labels"}`."""
    if not call.body.get("updateMask") and not call.query.get("updateMask"):
        raise invalid("The update_mask in the request must be set.")
    return generic.update(call)


def _topic(_: Call, topic: Json) -> None:
    topic.pop("state", None)


def _check_topic(call: Call, topic: Json) -> None:
    _require_within(topic, "messageRetentionDuration", 10 * _MINUTE, 31 * _DAY)
    if key := topic.get("kmsKeyName"):
        require_key(call, key, agent_email("pubsub", call.cloud.projects.number(call.project)))


def _subscription(call: Call, subscription: Json) -> None:
    sent = subscription.get("topic")
    if not sent:
        raise invalid("Invalid resource name given (name=): a subscription needs its topic.")
    topic = references.resource_name(call, sent) or f"projects/{call.project}/topics/{sent}"
    if call.cloud.store.get("pubsub", topic) is None:
        raise ApiError(404, call.service.not_found(topic), refusal="reference")
    subscription["topic"] = topic
    subscription["ackDeadlineSeconds"] = subscription.get("ackDeadlineSeconds") or 10
    subscription.setdefault("messageRetentionDuration", "604800s")
    subscription.setdefault("expirationPolicy", {"ttl": "2678400s"})
    subscription.setdefault("pushConfig", {})
    subscription["state"] = "ACTIVE"


def _check_subscription(_: Call, subscription: Json) -> None:
    _require_within(subscription, "ackDeadlineSeconds", 10, 10 * _MINUTE)
    _require_within(subscription, "messageRetentionDuration", 10 * _MINUTE, 31 * _DAY)


def _require_within(resource: Json, field: str, least: int, most: int) -> None:
    seconds = float(str(resource.get(field, least)).removesuffix("s"))
    if not least <= seconds <= most:
        raise invalid(
            f"You have passed an invalid argument to the service (argument={snake_case(field)}: "
            f"{seconds:g} is not between {least} and {most} seconds)."
        )


def _delete_topic(call: Call) -> Json:
    """The subscriptions stay, with what they hold; a new topic of that name is not theirs."""
    answer = generic.delete(call)
    store = call.cloud.store
    for row in store.of_type("pubsub", _SUBSCRIPTIONS):
        if row.doc["topic"] == call.name:
            store.put("pubsub", row.name, row.doc | {"topic": _DELETED_TOPIC})
    return answer


def _subscriptions_of_topic(call: Call) -> Json:
    topic = call.name.removesuffix("/subscriptions")
    call.get(topic)
    rows = call.cloud.store.of_type("pubsub", _SUBSCRIPTIONS)
    return {"subscriptions": [row.name for row in rows if row.doc["topic"] == topic]}


SERVICE = Service(
    name="pubsub",
    versions={"v1": "pubsub.v1"},
    proto="google.pubsub",
    operations="none",
    must_be_enabled=True,
    wrong_label=lambda wrong: (
        "You have passed an invalid argument to the service (argument=Invalid labels: "
        f"{wrong.said()})."
    ),
    id_pattern=_NAME.pattern,
    extra_parameters=frozenset({"updateMask"}),  # Terraform's provider repeats it in the query
    not_found="Resource not found (resource={}).".format,
    already_exists="Resource already exists in the project (resource={}).".format,
    collections=(
        Collection(_TOPICS, body_field="topic", defaults=_topic, check=_check_topic),
        Collection(
            _SUBSCRIPTIONS,
            body_field="subscription",
            defaults=_subscription,
            check=_check_subscription,
            immutable=("topic", "filter"),
        ),
    ),
    methods=messages.METHODS
    | {
        f"{_TOPICS}.create": _create,
        f"{_TOPICS}.delete": _delete_topic,
        f"{_TOPICS}.patch": _patch,
        f"{_TOPICS}.subscriptions.list": _subscriptions_of_topic,
        f"{_SUBSCRIPTIONS}.create": _create,
        f"{_SUBSCRIPTIONS}.patch": _patch,
    },
)
