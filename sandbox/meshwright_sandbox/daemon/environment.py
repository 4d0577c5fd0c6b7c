"""The environment in which plain `pulumi`, `gcloud` and `kubectl` work against the sandbox."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

from meshwright_sandbox.core.endpoints import AWS_PREFIX, ENDPOINTS
from meshwright_sandbox.daemon.home import HOME_VARIABLE, Home, SandboxError, Settings
from meshwright_sandbox.runtime.prometheus import running_url

# Public on purpose: it protects a local throw-away state, and stacks/Pulumi.dev.yaml is made
# with it.
DEVELOPMENT_PASSPHRASE = "meshwright-sandbox"
TOOLS_VARIABLE = "MESHWRIGHT_TOOLS"
_SAVED = "MESHWRIGHT_SAVED_"


def client_environment(
    base_url: str,
    project: str,
    token: str = "any",
) -> dict[str, str]:
    """Variables that point Google's clients, and AWS's, at an emulator and need no account.

    Args:
        base_url: the emulator's URL, for instance ``http://127.0.0.1:8080``.
        project: id of the project that clients use by default.
        token: access token that they present; the emulator takes any.

    AWS is there for the EKS clusters that a fleet attaches; its clients name a region themselves.
    The official Pulumi provider reads ``GOOGLE_*``, gcloud ``CLOUDSDK_*``
    (https://cloud.google.com/sdk/gcloud/reference/topic/configurations).
    """
    variables = {
        "GOOGLE_OAUTH_ACCESS_TOKEN": token,
        "GOOGLE_PROJECT": project,
        "GOOGLE_CLOUD_PROJECT": project,
        "CLOUDSDK_CORE_PROJECT": project,
        "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
        "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "true",
        "CLOUDSDK_CORE_CHECK_GCE_METADATA": "false",
        "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "true",
        "CLOUDSDK_SURVEY_DISABLE_PROMPTS": "true",
        "USE_GKE_GCLOUD_AUTH_PLUGIN": "True",
        "AWS_ENDPOINT_URL": f"{base_url.rstrip('/')}{AWS_PREFIX}",
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    for endpoint in ENDPOINTS:
        variables |= endpoint.variables(base_url)
    return variables


def shell_environment(home: Home, settings: Settings, tools: Path | None) -> dict[str, str]:
    """All variables of ``meshwright sandbox env``; PATH is the caller's with ours in front."""
    programs = Path(sys.executable).parent
    before = saved_value("PATH") or ""
    folders = [str(programs), str(home.programs), *([str(tools)] if tools else [])]
    local = "127.0.0.0/8,127.0.0.1,localhost"
    prometheus = running_url(home.path, home.processes)
    unproxied = ",".join(filter(None, [saved_value("NO_PROXY"), local]))
    return {
        **client_environment(settings.url, settings.project, _token(home)),
        "PATH": os.pathsep.join([*folders, before]),
        "VIRTUAL_ENV": sys.prefix,
        HOME_VARIABLE: str(home.path),
        "MESHWRIGHT_SANDBOX_URL": settings.url,
        **({TOOLS_VARIABLE: str(tools)} if tools else {}),
        **({"MESHWRIGHT_PROMETHEUS": prometheus} if prometheus else {}),
        "CLOUDSDK_CONFIG": str(home.path / "gcloud"),
        "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE": str(home.token_file),
        "KUBECONFIG": str(home.kubeconfig),
        "PULUMI_BACKEND_URL": home.pulumi_state.as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": DEVELOPMENT_PASSPHRASE,
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "NO_PROXY": unproxied,
        "no_proxy": unproxied,
    }


def exports(variables: Mapping[str, str]) -> str:
    """Shell commands that set ``variables`` and remember what they replace."""
    lines: list[str] = []
    for name, value in sorted(variables.items()):
        if name in os.environ and f"{_SAVED}{name}" not in os.environ and not _active():
            lines.append(f"export {_SAVED}{name}={shlex.quote(os.environ[name])}")
        lines.append(f"export {name}={shlex.quote(value)}")
    return "\n".join(lines)


def undo(variables: Mapping[str, str]) -> str:
    """Shell commands that undo :func:`exports`."""
    # fish knows `export`, and has another word for `unset`.
    lines = ["type unset >/dev/null 2>&1 || alias unset 'set -e'"]
    for name in sorted(variables):
        saved = os.environ.get(f"{_SAVED}{name}")
        if saved is None:
            lines.append(f"unset {name}")
        else:
            lines.append(f"export {name}={shlex.quote(saved)}; unset {_SAVED}{name}")
    return "\n".join(lines)


def saved_value(name: str) -> str | None:
    """The variable's value outside any sandbox's environment."""
    return os.environ.get(f"{_SAVED}{name}") or (None if _active() else os.environ.get(name))


def _active() -> bool:
    return f"{_SAVED}PATH" in os.environ


def _token(home: Home) -> str:
    try:
        return home.token_file.read_text().strip()
    except OSError as error:
        raise SandboxError(
            f"{home.path} holds no sandbox; start one with `meshwright sandbox up`"
        ) from error
