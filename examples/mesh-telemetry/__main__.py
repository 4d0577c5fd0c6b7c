"""Access logs of every failed call in the mesh, and traces."""

import pulumi

from meshwright import MeshTelemetry

telemetry = MeshTelemetry(
    "failures",
    {"access_log_filter": "response.code >= 400", "tracing_providers": ["stackdriver"]},
)
pulumi.export("telemetry", telemetry.telemetry)
