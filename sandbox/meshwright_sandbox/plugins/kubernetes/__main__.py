"""Run the plugin: ``python -m meshwright_sandbox.plugins.kubernetes ENGINE_ADDRESS``."""

from meshwright_sandbox.plugins.kubernetes.provider import KubernetesServicer
from meshwright_sandbox.plugins.serving import serve

if __name__ == "__main__":
    serve(KubernetesServicer)
