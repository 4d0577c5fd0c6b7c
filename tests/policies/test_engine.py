"""The pack under the real engine: it loads, stops a bad stack, and takes its config.

The program registers component resources under the types that the rules look at: the engine shows
them to policies like any other resource, and no provider plugin is needed.
"""

import json
import os
import subprocess
from pathlib import Path

import pytest

from meshwright_policies import RULES
from meshwright_toolchain import ensure

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """\
import json
import pathlib

import pulumi

for type_, name, properties in json.loads(pathlib.Path("resources.json").read_text()):
    pulumi.ComponentResource(type_, name, properties).register_outputs(properties)
"""
MESH = "kubernetes:security.istio.io/v1"
ROUTES = "kubernetes:networking.istio.io/v1"
ROOT_OBJECT = {"metadata": {"name": "default", "namespace": "istio-system"}}
GOOD = [
    (
        "gcp:container/cluster:Cluster",
        "east",
        {
            "enableAutopilot": True,
            "privateClusterConfig": {"enablePrivateNodes": True},
            "masterAuthorizedNetworksConfig": {"cidrBlocks": [{"cidrBlock": "203.0.113.0/24"}]},
        },
    ),
    (f"{MESH}:PeerAuthentication", "mtls", ROOT_OBJECT | {"spec": {"mtls": {"mode": "STRICT"}}}),
    (f"{MESH}:AuthorizationPolicy", "deny", ROOT_OBJECT | {"spec": {}}),
    (
        f"{ROUTES}:VirtualService",
        "checkout",
        {"spec": {"http": [{"route": [{"weight": 90}, {"weight": 10}]}]}},
    ),
]
BAD = [
    ("gcp:container/cluster:Cluster", "east", {"location": "us-east1"}),
    (f"{ROUTES}:VirtualService", "checkout", {"spec": {"tcp": [{"route": [{"weight": 9}]}]}}),
    (f"{ROUTES}:Gateway", "front", {"spec": {"servers": [{"hosts": ["*"]}]}}),
]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (tmp_path / "__main__.py").write_text(PROGRAM)
    (tmp_path / "state").mkdir()
    return tmp_path


def pulumi(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "PATH": f"{ROOT / '.venv' / 'bin'}:{ensure(extras=False)}:{os.environ['PATH']}",
        "PULUMI_BACKEND_URL": f"file://{project / 'state'}",
        "PULUMI_HOME": str(project / "home"),
        "PULUMI_CONFIG_PASSPHRASE": "test",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
    return subprocess.run(
        ["pulumi", *arguments, "--non-interactive", "--stack", "dev"],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
    )


def preview(
    project: Path, resources: list, config: dict | None = None
) -> subprocess.CompletedProcess[str]:
    (project / "resources.json").write_text(json.dumps(resources))
    (project / "policy.json").write_text(json.dumps(config or {}))
    if not (project / "state" / ".pulumi").exists():
        made = pulumi(project, "stack", "init")
        assert made.returncode == 0, made.stderr
    pack = ("--policy-pack", str(ROOT / "policies"))
    settings = ("--policy-pack-config", str(project / "policy.json"))
    return pulumi(project, "preview", *pack, *settings)


@pytest.mark.engine
def test_a_sound_stack_passes(project: Path) -> None:
    result = preview(project, GOOD)

    assert result.returncode == 0, result.stdout + result.stderr
    assert "meshwright@v" in result.stdout


@pytest.mark.engine
def test_a_bad_stack_is_stopped_by_every_rule(project: Path) -> None:
    result = preview(project, BAD)

    assert result.returncode != 0
    missing = [rule.id for rule in RULES if f"{rule.id}  (" not in result.stdout]
    assert missing == [], result.stdout
    assert "Traceback" not in result.stdout + result.stderr


@pytest.mark.engine
def test_config_lowers_levels_and_accepts_exemptions(project: Path) -> None:
    accepted = {"urn": "*", "reason": "trial", "expires": "2999-12-31"}
    config: dict = {rule.id: {"exemptions": [accepted]} for rule in RULES}
    config["GKE-01"] = "advisory"

    result = preview(project, BAD, config)

    assert result.returncode == 0, result.stdout + result.stderr
    assert "[advisory]" in result.stdout
    assert "[mandatory]" not in result.stdout
