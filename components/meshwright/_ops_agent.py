"""What makes a machine send its proxy's access log to Cloud Logging: Google's Ops Agent.

Follows https://cloud.google.com/monitoring/agent/ops-agent/configuration and
https://cloud.google.com/stackdriver/docs/solutions/agents/ops-agent/install-index.
"""

import json

LOG = "envoy-access"
"""Name of the log, as the agent calls it by its receiver."""
_REPOSITORY = "https://dl.google.com/cloudagents/add-google-cloud-ops-agent-repo.sh"


def install_script(path: str) -> str:
    """A shell script that has the agent read the access log at `path`; it is safe to run again."""
    config = {
        "logging": {
            "receivers": {LOG: {"type": "files", "include_paths": [path]}},
            "processors": {"json": {"type": "parse_json"}},
            "service": {"pipelines": {LOG: {"receivers": [LOG], "processors": ["json"]}}},
        }
    }
    # JSON is YAML too.
    return f"""#! /bin/bash
set -euo pipefail
install -d /etc/google-cloud-ops-agent
cat >/etc/google-cloud-ops-agent/config.yaml <<'CONFIG'
{json.dumps(config, sort_keys=True)}
CONFIG
if ! systemctl list-unit-files google-cloud-ops-agent.service --quiet >/dev/null; then
  curl --silent --fail --location --output /tmp/add-ops-agent.sh {_REPOSITORY}
  bash /tmp/add-ops-agent.sh --also-install
fi
systemctl restart google-cloud-ops-agent
"""


def recipe(path: str) -> dict[str, object]:
    """The same as a software recipe of a machine's metadata."""
    return {
        "name": "send-envoy-access-log",
        "desired_state": "INSTALLED",
        "installSteps": [{"scriptRun": {"script": install_script(path)}}],
    }
