"""Pub/Sub's messages: published to a topic, held by each of its subscriptions until acknowledged.

Only pulling is served; nothing is pushed. Messages come in the order in which they were published.
"""

import base64
import time
from collections.abc import Sequence
from typing import Any

from meshwright_sandbox.core.cloud import Call, Cloud
from meshwright_sandbox.core.errors import invalid
from meshwright_sandbox.core.stamps import now, numeric_id

Json = dict[str, Any]
_SUBSCRIPTIONS = "projects.subscriptions"


def publish(cloud: Cloud, topic: str, sent: Sequence[tuple[bytes, Json]]) -> list[str]:
    """Hand messages, as data and attributes, to the topic's subscriptions; their ids."""
    messages = [_message(data, attributes) for data, attributes in sent]
    for row in cloud.store.of_type("pubsub", _SUBSCRIPTIONS):
        if row.doc["topic"] == topic:
            held = [{"message": message, "until": 0.0} for message in messages]
            cloud.store.contents.add("pubsub", row.name, held)
    return [message["messageId"] for message in messages]


def _message(data: bytes, attributes: Json) -> Json:
    stamp = now()
    message: Json = {
        "data": base64.b64encode(data).decode(),
        "messageId": numeric_id(f"{stamp}{len(data)}{time.perf_counter_ns()}"),
        "publishTime": stamp,
    }
    return message | ({"attributes": attributes} if attributes else {})


def publish_call(call: Call) -> Json:
    """`topics.publish`."""
    call.get()
    messages = call.body.get("messages", [])
    if not messages:
        raise invalid("The request must contain at least one message.")
    sent: list[tuple[bytes, Json]] = []
    for message in messages:
        if not message.get("data") and not message.get("attributes"):
            raise invalid("One or more messages in the publish request is empty.")
        sent.append((base64.b64decode(message.get("data", "")), message.get("attributes", {})))
    return {"messageIds": publish(call.cloud, call.name, sent)}


def pull(call: Call) -> Json:
    """`subscriptions.pull`: what nobody else is working on, for the time that the subscription
    gives.
    """
    subscription = call.get()
    most = call.body.get("maxMessages", 0)
    if most <= 0:
        raise invalid("The value for max_messages must be greater than 0.")
    received: list[Json] = []
    for held in call.cloud.store.contents.of("pubsub", call.name):
        if len(received) == most:
            break
        if held.doc["until"] > time.time():
            continue
        lease = {"until": time.time() + subscription["ackDeadlineSeconds"]}
        call.cloud.store.contents.change(held.number, held.doc | lease)
        received.append({"ackId": str(held.number), "message": held.doc["message"]})
    return {"receivedMessages": received} if received else {}


def acknowledge(call: Call) -> Json:
    """`subscriptions.acknowledge`: what was worked on does not come again."""
    call.get()
    call.cloud.store.contents.remove(_numbers(call))
    return {}


def change_deadline(call: Call) -> Json:
    """`subscriptions.modifyAckDeadline`: more time, or none at all."""
    call.get()
    until = time.time() + call.body.get("ackDeadlineSeconds", 0)
    numbers = _numbers(call)
    for held in call.cloud.store.contents.of("pubsub", call.name):
        if held.number in numbers:
            call.cloud.store.contents.change(held.number, held.doc | {"until": until})
    return {}


def _numbers(call: Call) -> set[int]:
    asked = call.body.get("ackIds", [])
    if not asked:
        raise invalid("No ack ids specified.")
    if not all(each.isdigit() for each in asked):
        raise invalid("Some ack ids in the request were invalid.")
    ours = {held.number for held in call.cloud.store.contents.of("pubsub", call.name)}
    return ours & {int(each) for each in asked}


METHODS = {
    "projects.topics.publish": publish_call,
    f"{_SUBSCRIPTIONS}.pull": pull,
    f"{_SUBSCRIPTIONS}.acknowledge": acknowledge,
    f"{_SUBSCRIPTIONS}.modifyAckDeadline": change_deadline,
}
