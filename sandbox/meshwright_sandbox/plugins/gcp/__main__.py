"""Run the plugin: ``python -m meshwright_sandbox.plugins.gcp ENGINE_ADDRESS``."""

from meshwright_sandbox.plugins.gcp.provider import GcpProvider
from meshwright_sandbox.plugins.serving import serve

serve(GcpProvider)
