"""Run the plugin: ``python -m meshwright_sandbox.plugins.kubernetes ENGINE_ADDRESS``."""

from meshwright_sandbox.plugins.kubernetes.components import ComponentServicer
from meshwright_sandbox.plugins.serving import serve

if __name__ == "__main__":
    serve(ComponentServicer)
