"""The kinds by which GKE's Managed Service for Prometheus is told what to read.

Stand-ins with those fields that name what is read, of
https://github.com/GoogleCloudPlatform/prometheus-engine/blob/main/doc/api.md. Nothing reads it
here. Fields that are not listed are refused.
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]
_TEXT: Schema = {"type": "string"}
_TEXTS: Schema = {"type": "array", "items": _TEXT}
_DURATION: Schema = {"type": "string", "pattern": r"^(\d+(ms|s|m|h|d|w|y))+$"}
_LABELS: Schema = {"type": "object", "additionalProperties": _TEXT}
_PORT: Schema = {"anyOf": [{"type": "integer"}, _TEXT], "x-kubernetes-int-or-string": True}
_EXPRESSION: Schema = {
    "type": "object",
    "required": ["key", "operator"],
    "properties": {"key": _TEXT, "operator": _TEXT, "values": _TEXTS},
}
_RELABELING: Schema = {
    "type": "object",
    "properties": {
        "action": {
            "type": "string",
            "enum": ["replace", "lowercase", "uppercase", "keep", "drop", "keepequal", "dropequal",
                     "hashmod", "labelmap", "labeldrop", "labelkeep"],
        },
        "regex": _TEXT,
        "replacement": _TEXT,
        "sourceLabels": _TEXTS,
        "targetLabel": _TEXT,
    },
}  # fmt: skip
_ENDPOINT: Schema = {
    "type": "object",
    "required": ["port", "interval"],
    "properties": {
        "port": _PORT,
        "path": _TEXT,
        "scheme": {"type": "string", "enum": ["http", "https"]},
        "interval": _DURATION,
        "timeout": _DURATION,
        "metricRelabeling": {"type": "array", "maxItems": 250, "items": _RELABELING},
    },
}
_SPEC: Schema = {
    "type": "object",
    "required": ["selector", "endpoints"],
    "properties": {
        "selector": {
            "type": "object",
            "properties": {
                "matchLabels": _LABELS,
                "matchExpressions": {"type": "array", "items": _EXPRESSION},
            },
        },
        "endpoints": {"type": "array", "minItems": 1, "items": _ENDPOINT},
    },
}


def _kind(kind: str, plural: str, scope: str) -> dict[str, Any]:
    status = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    schema = {"type": "object", "required": ["spec"], "properties": {"spec": _SPEC}}
    schema["properties"] |= {"status": status}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "schema": {"openAPIV3Schema": schema},
    }
    names = {"kind": kind, "listKind": f"{kind}List", "plural": plural, "singular": kind.lower()}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.monitoring.googleapis.com"},
        "spec": {
            "group": "monitoring.googleapis.com",
            "scope": scope,
            "names": names,
            "versions": [version],
        },
    }


KINDS = (
    _kind("ClusterPodMonitoring", "clusterpodmonitorings", "Cluster"),
    _kind("PodMonitoring", "podmonitorings", "Namespaced"),
)
