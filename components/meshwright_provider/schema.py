"""The package's Pulumi schema: the components, inferred from their code, and its own resources.

See https://www.pulumi.com/docs/iac/guides/building-extending/packages/schema/.
"""

from __future__ import annotations

import inspect
import json
import re
from typing import Any

from meshwright_provider import rollout_schema
from meshwright_provider.hosted import renamed

RESOURCE_TYPE = "meshwright:index:MeshReadiness"
ROLLOUT_TYPE = "meshwright:index:Rollout"
_MEMBER = "meshwright:index:MeshReadinessMember"
_STATE = "meshwright:index:MeshMemberState"

DEFAULT_TIMEOUT_SECONDS = 3600
DEFAULT_INTERVAL_SECONDS = 5

_INPUTS: dict[str, Any] = {
    "project": {
        "type": "string",
        "description": "Id of the fleet's project.",
        "willReplaceOnChanges": True,
    },
    "memberships": {
        "type": "array",
        "items": {"type": "object", "$ref": f"#/types/{_MEMBER}"},
        "description": "The memberships to wait for, at least one.",
    },
    "timeoutSeconds": {
        "type": "number",
        "default": DEFAULT_TIMEOUT_SECONDS,
        "description": "How long to wait for all memberships, in seconds. The resource option "
        "customTimeouts overrides it.",
    },
    "pollIntervalSeconds": {
        "type": "number",
        "default": DEFAULT_INTERVAL_SECONDS,
        "description": "Pause between two looks, in seconds.",
    },
}
_STATES: dict[str, Any] = {
    "type": "object",
    "additionalProperties": {"type": "object", "$ref": f"#/types/{_STATE}"},
    "description": "What Google reported of each membership, by its short id.",
}
_TYPES: dict[str, Any] = {
    _MEMBER: {
        "type": "object",
        "description": "A fleet membership to wait for.",
        "properties": {
            "membership": {"type": "string", "description": "Short id of the membership."},
            "location": {
                "type": "string",
                "description": "Location of the membership: a region, or `global`.",
            },
        },
        "required": ["location", "membership"],
    },
    _STATE: {
        "type": "object",
        "description": "What Google reports of the mesh on one membership.",
        "properties": {
            "state": {
                "type": "string",
                "description": "State of the control plane, `ACTIVE` once it is ready.",
            },
            "implementation": {
                "type": "string",
                "description": "What Google runs as control plane: `TRAFFIC_DIRECTOR` or `ISTIOD`.",
            },
            "dataPlane": {
                "type": "string",
                "description": "State of the managed data plane; empty where it is not managed.",
            },
        },
        "required": ["dataPlane", "implementation", "state"],
    },
}
_RESOURCE: dict[str, Any] = {
    "description": "Waits until the managed mesh is ACTIVE on all the named memberships.",
    "inputProperties": _INPUTS,
    "requiredInputs": ["memberships", "project"],
    "properties": {**_INPUTS, "states": _STATES},
    "required": ["memberships", "pollIntervalSeconds", "project", "states", "timeoutSeconds"],
}

INPUT_NAMES = tuple(_INPUTS)


def package_schema(components: str) -> str:
    """Return the schema of the components (JSON) with the package's own resources added to it."""
    schema: dict[str, Any] = json.loads(components)
    schema["displayName"] = "Meshwright"
    schema["description"] = "Components for a service-mesh platform on Google Cloud"
    # Without a name of its own the npm package would claim to be Pulumi's.
    schema["language"]["nodejs"]["packageName"] = "@meshwright/components"
    # Else an SDK in Go does not compile: it declares no inputs for what stands in plain lists only.
    schema["language"]["go"]["generateExtraInputTypes"] = True
    types = {_type_name(token): kind for token, kind in schema.get("types", {}).items()}
    schema["types"] = {**types, **_TYPES, **rollout_schema.TYPES}
    own = {RESOURCE_TYPE: _RESOURCE, ROLLOUT_TYPE: rollout_schema.RESOURCE}
    schema["resources"] = {**schema.get("resources", {}), **own}
    names = _names_by_python(schema)
    return json.dumps(
        json.loads(json.dumps(schema), object_hook=lambda entry: _for_other_languages(entry, names))
    )


def _names_by_python(schema: dict[str, Any]) -> dict[str, str]:
    """The name of every property, by the one that it has in Python."""
    holders = [*schema["types"].values(), *schema["resources"].values()]
    names = {
        name
        for holder in holders
        for name in (*holder.get("properties", ()), *holder.get("inputProperties", ()))
    }
    return {re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", name): name for name in names}


def _for_other_languages(entry: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """The entry with its types and its description as readers of another language expect them."""
    if isinstance(text := entry.get("description"), str):
        entry |= {"description": renamed(inspect.cleandoc(text).rstrip(), names)}
    if isinstance(token := entry.get("$ref"), str):
        entry |= {"$ref": _type_name(token)}
    return entry


def _type_name(token: str) -> str:
    """A type's token without the ending that SDKs add to the inputs themselves."""
    return token.removesuffix("Args")
