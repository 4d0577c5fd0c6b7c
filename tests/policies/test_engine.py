"""The pack under the real engine: it loads, stops a bad stack, and takes its config.

The program registers component resources under the types that the rules look at: the engine shows
them to policies like any other resource, and no provider plugin is needed.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from meshwright_toolchain import ensure
from tests.lifecycle.harness.preloaded import preloaded_python

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """\
import json
import pathlib

import pulumi


async def promise(value):
    return value


def value(given):
    if given == "UNKNOWN":  # false, once there is an update
        known = not pulumi.runtime.is_dry_run()
        return pulumi.Output(promise(set()), promise(False), promise(known))
    return {k: value(v) for k, v in given.items()} if isinstance(given, dict) else given


for type_, name, properties in json.loads(pathlib.Path("resources.json").read_text()):
    properties = value(properties)
    pulumi.ComponentResource(type_, name, properties).register_outputs(properties)
"""
MESH = "kubernetes:security.istio.io/v1"
ROUTES = "kubernetes:networking.istio.io/v1"
UNKNOWN = "UNKNOWN"
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
    environment = (
        {"PULUMI_PYTHON_CMD": preloaded_python()}
        | os.environ
        | {
            "PATH": f"{ROOT / '.venv' / 'bin'}:{ensure(extras=False)}:{os.environ['PATH']}",
            "PULUMI_BACKEND_URL": f"file://{project / 'state'}",
            "PULUMI_HOME": str(project / "home"),
            "PULUMI_CONFIG_PASSPHRASE": "test",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }
    )
    return subprocess.run(
        ["pulumi", *arguments, "--non-interactive", "--stack", "dev"],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
    )


def preview(
    project: Path, resources: list, config: dict, *more: str
) -> subprocess.CompletedProcess[str]:
    (project / "resources.json").write_text(json.dumps(resources))
    (project / "policy.json").write_text(json.dumps(config))
    if not (project / "state" / ".pulumi").exists():
        made = pulumi(project, "stack", "init")
        assert made.returncode == 0, made.stderr
    return with_pack(project, "preview", *more)


def with_pack(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    pack = ("--policy-pack", str(ROOT / "policies"))
    settings = ("--policy-pack-config", str(project / "policy.json"))
    return pulumi(project, *arguments, *pack, *settings)


MANDATORY = ["GKE-01", "GKE-02", "MESH-01", "MESH-03", "MESH-11", "MESH-16"]
CONFIG = {"all": "disabled"} | dict.fromkeys(MANDATORY, "mandatory")


@pytest.mark.engine
def test_a_sound_stack_passes(project: Path) -> None:
    result = preview(project, GOOD, CONFIG)

    assert result.returncode == 0, result.stdout + result.stderr
    assert "meshwright@v" in result.stdout


@pytest.mark.engine
def test_a_bad_stack_is_stopped_by_rules_for_resources_and_for_stacks(project: Path) -> None:
    result = preview(project, BAD, CONFIG)

    assert result.returncode != 0
    missing = [rule for rule in MANDATORY if f"{rule}  (" not in result.stdout]
    assert missing == [], result.stdout
    assert "Traceback" not in result.stdout + result.stderr


@pytest.mark.engine
def test_config_lowers_levels_and_accepts_exemptions(project: Path) -> None:
    accepted = {"urn": "*", "reason": "trial", "expires": "2999-12-31"}
    config: dict = {rule: {"exemptions": [accepted]} for rule in MANDATORY}
    config["meshwright"] = {
        "levels": {"critical": "disabled", "high": "disabled"}
        | dict.fromkeys(MANDATORY, "mandatory")
    }
    config["GKE-01"] = "advisory"
    del config["meshwright"]["levels"]["GKE-01"]

    result = preview(project, BAD, config)

    assert result.returncode == 0, result.stdout + result.stderr
    assert "GKE-01  (" in result.stdout
    assert "[mandatory]" not in result.stdout


@pytest.mark.engine
def test_level_remediate_mends_the_resource_and_shows_what_it_did(project: Path) -> None:
    weak = {"enableLegacyAbac": True}
    result = preview(
        project,
        [("gcp:container/cluster:Cluster", "east", weak)],
        {"all": "disabled", "GKE-06": "remediate"},
        "--diff",
    )

    assert result.returncode == 0, result.stdout + result.stderr
    assert "[remediate]  GKE-06  (gcp:container/cluster:Cluster: east)" in result.stdout
    assert re.search(r"~ enableLegacyAbac *: true => false", result.stdout), result.stdout


@pytest.mark.engine
def test_what_a_preview_does_not_know_is_said_once_and_judged_in_the_update(project: Path) -> None:
    promised = {"privateClusterConfig": {"enablePrivateNodes": UNKNOWN}}
    clusters = [("gcp:container/cluster:Cluster", name, promised) for name in ("east", "west")]
    config = {"all": "disabled", "GKE-01": "mandatory", "not-known-yet": "advisory"}

    previewed = preview(project, clusters, config)
    updated = with_pack(project, "up", "--yes", "--skip-preview")

    assert previewed.returncode == 0, previewed.stdout + previewed.stderr
    assert previewed.stdout.count("not known yet") == 1, previewed.stdout
    assert "GKE-01: 2 values are not known yet" in previewed.stdout
    assert updated.returncode != 0
    assert "[mandatory] [severity: high]  GKE-01  (" in updated.stdout
    assert "not known yet" not in updated.stdout


@pytest.mark.engine
@pytest.mark.parametrize(
    "config",
    [
        {"GKE-1": "advisory", "MESH-11": {"exemption": []}, "meshwright": {"today": "soon"}},
        {
            "GKE-1": {"exemptions": []},
            "MESH-11": {"exemption": []},
            "meshwright": {"today": "soon"},
        },
    ],
    ids=["refused by the pack", "refused by the engine"],
)
def test_a_bad_config_is_an_error_that_names_every_key(
    project: Path, config: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The pack finds the config's file in the command line of the engine, its ancestor.
    monkeypatch.setenv("PULUMI_PYTHON_CMD", sys.executable)

    result = preview(project, GOOD, config)

    printed = result.stdout + result.stderr
    assert result.returncode != 0
    assert "GKE-1: there is no such key. Did you mean GKE-01?" in printed
    assert "MESH-11.exemption: there is no such key. Did you mean exemptions?" in printed
    assert 'meshwright.today: is "soon". Write a day that exists, as YYYY-MM-DD.' in printed
    assert "Traceback" not in printed
