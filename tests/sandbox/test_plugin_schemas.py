"""What the stand-in plugins say of themselves: programs in YAML are checked against it."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from pulumi.runtime.proto import provider_pb2

from meshwright_sandbox.plugins.gcp.provider import GcpProvider
from meshwright_sandbox.plugins.kubernetes.provider import KubernetesServicer
from meshwright_sandbox.plugins.serving import PluginServicer
from meshwright_toolchain import bin_dir


@pytest.mark.parametrize(
    ("plugin", "settings"),
    [
        (GcpProvider, {"project", "region", "defaultLabels"}),
        (KubernetesServicer, {"kubeconfig", "enableServerSideApply"}),
    ],
)
def test_a_provider_may_be_made_with_its_settings(
    plugin: type[PluginServicer], settings: set[str], tmp_path: Path
) -> None:
    """Without them the YAML host refuses every argument of a provider, and crashes over a schema
    that the engine does not take.
    """
    answer = plugin("127.0.0.1:1").GetSchema(provider_pb2.GetSchemaRequest(), None)

    assert settings <= json.loads(answer.schema)["provider"]["inputProperties"].keys()
    file = tmp_path / "schema.json"
    file.write_text(answer.schema)
    checked = subprocess.run(
        [bin_dir() / "pulumi", "schema", "check", file],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PULUMI_HOME": str(tmp_path), "PULUMI_SKIP_UPDATE_CHECK": "true"},
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
