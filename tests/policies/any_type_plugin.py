"""A provider plugin that takes resources of every type as they are, and makes nothing.

It lets the real engine judge any program of `gcp:` and `kubernetes:` resources, also those types
that the sandbox's stand-ins do not know: python -m tests.policies.any_type_plugin ENGINE_ADDRESS
"""

from typing import Any

from pulumi.runtime.proto import provider_pb2

from meshwright_sandbox.plugins.serving import PluginServicer, serve


class AnyType(PluginServicer):
    """What goes in comes out; nothing is filled in, so other outputs stay unknown in previews."""

    name = "any-type"
    version = "0.0.0"

    def Check(self, request: Any, context: Any) -> Any:  # noqa: N802 - gRPC's names
        return provider_pb2.CheckResponse(inputs=request.news)

    def Create(self, request: Any, context: Any) -> Any:  # noqa: N802
        identifier = "" if request.preview else request.urn.rpartition("::")[2]
        return provider_pb2.CreateResponse(id=identifier, properties=request.properties)


if __name__ == "__main__":
    serve(AnyType)
