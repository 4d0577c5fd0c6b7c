"""The engine works while a stack's program loads what it is made of."""

import json
import subprocess
import sys

from tests.inputs.specs import ROOT

LOOK = """\
import json, sys
import pulumi
from stacks.composition import build
from stacks.spec import load
from tests.inputs.specs import edited
from tests.unit.recording import component_test, record

# The last modules of the parts that take longest say whether all of them is loaded.
PARTS = {
    "pulumi:providers:gcp": "pulumi_gcp.compute.zone_vm_extension_policy",
    "gcp:compute/network:Network": "pulumi_kubernetes.apps.v1.StatefulSetPatch",
}
recorder, loaded = record(), {}
answer = recorder.new_resource

def look(args):
    if args.typ in PARTS:
        loaded[args.typ] = PARTS[args.typ] in sys.modules
    return answer(args)

recorder.new_resource = look

@component_test
def run():
    return pulumi.Output.all(build(load(edited({})))), lambda _: None

run()
loaded["in the end"] = all(module in sys.modules for module in PARTS.values())
print(json.dumps(loaded))
"""


def test_provider_and_networks_are_known_before_all_of_the_sdks_is_loaded() -> None:
    """Registered at the end of the program, they would be waited for from there on."""
    command = [sys.executable, "-c", LOOK]

    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert json.loads(told.splitlines()[-1]) == {
        "pulumi:providers:gcp": False,
        "gcp:compute/network:Network": False,
        "in the end": True,
    }
