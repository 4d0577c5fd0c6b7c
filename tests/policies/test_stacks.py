"""Every rule on everything that the stacks make: nothing that would stop an update stands there.

The real engine says the same of them in tests/lifecycle/, on a cloud; here is why, in seconds.
"""

import dataclasses
import json

import pytest

from meshwright_policies import RULES
from meshwright_policies.judge import Said
from meshwright_policies.rule import Severity
from tests.inputs.specs import ROOT, STACK_FILES, spec_of
from tests.policies.recorded import judged, policy_config, resources

STACKS = [path.name.split(".")[1] for path in STACK_FILES]
WITH_EXEMPTIONS = [path.name.split(".")[1] for path in (ROOT / "stacks").glob("policies.*.json")]
STOPS = (Severity.CRITICAL, Severity.HIGH)


def lines(words: list[Said]) -> list[str]:
    """What was said, to be read in a test's output."""
    return [
        f"{w.policy} ({w.severity.value}) {w.urn.split('::', 2)[-1]}: {w.message}" for w in words
    ]


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_has_no_unexempted_finding_that_stops_an_update(stack: str) -> None:
    said = judged(stack)
    print("\n".join(lines(said)))  # noqa: T201 - what only advises is shown by `pytest -rP`

    assert lines([word for word in said if word.severity in STOPS]) == []


@pytest.mark.parametrize("stack", STACKS)
def test_what_only_advises_is_the_stack_s_owner_s_to_settle(stack: str) -> None:
    """A group of the organisation, a key for disks, and what Google ends one day; no component
    could do without them.
    """
    owners = {"GKE-17", "GKE-21", "COMPAT-02", "COMPAT-03"}

    assert lines([word for word in judged(stack) if word.policy not in owners]) == []


@pytest.mark.parametrize("stack", STACKS)
def test_the_pack_has_no_remark_about_a_stack(stack: str) -> None:
    """No exemption is idle; once everything is known, nothing is left unjudged."""
    rules = {rule.id for rule in RULES}

    assert lines([word for word in judged(stack) if word.policy not in rules]) == []


@pytest.mark.parametrize("stack", WITH_EXEMPTIONS)
def test_a_stack_s_exemptions_end_with_the_spec_s_own_exceptions(stack: str) -> None:
    days = {entry["expires"] for entry in spec_of(stack)["security"]["plaintext"]}
    accepted = [one for some in policy_config(stack).exemptions.values() for one in some]

    assert accepted
    assert {str(one.expires) for one in accepted} <= days


@pytest.mark.parametrize("stack", WITH_EXEMPTIONS)
def test_without_its_exemptions_a_stack_is_stopped(stack: str) -> None:
    bare = dataclasses.replace(policy_config(stack), exemptions={})

    stopped = {word.policy for word in judged(stack, config=bare) if word.severity in STOPS}

    assert stopped == set(policy_config(stack).exemptions)


@pytest.mark.parametrize("stack", STACKS)
def test_rules_about_one_resource_meet_what_they_are_about(stack: str) -> None:
    """Recorded types and the rules' types agree, so silence above is a judgement."""
    types = {resource.type for resource in resources(stack)}

    met = {rule.id for rule in RULES if rule.types and any(map(rule.types.match, types))}

    assert {"GKE-01", "GKE-02", "GKE-03", "MESH-16"} <= met


def test_a_spec_that_opens_the_control_plane_is_found() -> None:
    """The same way of looking finds what is wrong, with the resource's own URN."""
    edits = {"clusters[0].access.authorized_networks[0].cidr": "64.0.0.0/2"}

    opened = [word for word in judged("dev", json.dumps(edits)) if word.policy == "GKE-02"]

    (urn,) = (word.urn for word in opened)
    assert urn.startswith("urn:pulumi:dev::meshwright::meshwright:index:GkeCluster$gcp:container")
    assert urn.endswith("::autopilot-cluster")
