# pyright: basic
# gRPC's generated messages carry no usable annotations.
"""Properties as the engine sends them, and as Python values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf import json_format, struct_pb2
from pulumi.runtime import rpc


def marked(given: struct_pb2.Struct) -> dict[str, Any]:
    """The properties as Python values; secrets keep the mark that the engine knows them by."""
    return json_format.MessageToDict(given)


def plain(given: struct_pb2.Struct) -> dict[str, Any]:
    """The properties with secrets laid open; what is not known yet stays `rpc.UNKNOWN`."""
    return {name: _revealed(value) for name, value in marked(given).items()}


def _revealed(value: Any) -> Any:
    if isinstance(value, list):
        return [_revealed(item) for item in value]
    if isinstance(value, dict):
        if value.get(rpc._special_sig_key) == rpc._special_secret_sig:
            return _revealed(value["value"])
        return {name: _revealed(item) for name, item in value.items()}
    return value


def struct(properties: Mapping[str, Any]) -> struct_pb2.Struct:
    made = struct_pb2.Struct()
    made.update(properties)
    return made
