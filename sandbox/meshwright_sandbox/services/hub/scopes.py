"""Namespaces of a fleet's scopes."""

from typing import Any

from meshwright_sandbox.core.cloud import Call


def complete(call: Call, namespace: dict[str, Any]) -> None:
    """`Collection.defaults` of namespaces: gcloud sends an empty scope, which the name tells."""
    namespace["scope"] = call.name.rpartition("/namespaces/")[0]
