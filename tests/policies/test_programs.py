"""Programs that use none of our components, judged by the real engine under the pack.

`bad` breaks every rule. `plain_gke` and `plain_istio` follow public documentation. What is found is
compared in full with programs/<name>/findings.txt; what of it has to be found is written down here.
"""

import difflib
from collections import defaultdict
from pathlib import Path

import pytest

from meshwright_policies import RULES
from tests.policies.judged import PROGRAMS, RENEW, findings, kept, preview

PASSWORD = "correct horse battery staple"
REVIEWS = {f"reviews-{version}" for version in ("v1", "v2", "v3")}
WORKLOADS = REVIEWS | {"details-v1", "ratings-v1", "productpage-v1"}
ACCOUNTS = {f"bookinfo-{app}" for app in ("details", "ratings", "reviews", "productpage")}
EXPECTED = {
    # A public cluster with every setting left to Google, and a pod as the quickstart has it.
    "plain_gke": {
        "GKE-01": {"primary"},
        "GKE-02": {"primary"},
        "GKE-03": {"primary", "primary-preemptible-nodes"},
        "GKE-05": {"primary-preemptible-nodes"},
        "GKE-09": {"primary"},
        "GKE-11": {"primary"},
        "GKE-12": {"primary"},
        "GKE-13": {"primary"},
        "GKE-16": {"primary"},
        "GKE-17": {"primary"},
        "GKE-19": {"primary"},
        "GKE-20": {"primary"},
        "GKE-21": {"primary-preemptible-nodes"},
        "K8S-03": {"hello-server"},
        "K8S-06": {"hello-server"},
    },
    # Nothing is encrypted or denied by default, and the front door is open to every host. Namespace
    # default is only patched, so that its pod security and network policies are not judged here.
    "plain_istio": {
        "MESH-01": {"default"},
        "MESH-03": {"default"},
        "MESH-11": {"bookinfo-gateway-gateway"},
        "K8S-03": WORKLOADS,
        "K8S-06": WORKLOADS | ACCOUNTS,
    },
}


def by_rule(lines: list[str]) -> dict[str, set[str]]:
    """The names of the resources that each rule finds something about."""
    found: dict[str, set[str]] = defaultdict(set)
    for line in lines:
        rule, _, resource, *_ = line.split(" ")
        found[rule].add(resource.rpartition("::")[2])
    return dict(found)


@pytest.mark.engine
@pytest.mark.parametrize("name", ["bad", *EXPECTED])
def test_the_engine_s_findings_are_those_that_are_kept(name: str, tmp_path: Path) -> None:
    run = preview(name, tmp_path).failed()

    difference = difflib.unified_diff(kept(name), findings(run), "kept", "found", n=0, lineterm="")
    renew = f"\n\nIf the pack is right, read what changed and keep it: {RENEW} {name}"
    assert not (shown := "\n".join(difference)), shown + renew


def test_the_bad_program_breaks_every_rule() -> None:
    assert {rule.id for rule in RULES} - set(by_rule(kept("bad"))) == set()


def test_what_the_bad_program_keeps_in_plain_text_is_not_repeated() -> None:
    workloads = (PROGRAMS / "bad" / "workloads.py").read_text()

    assert PASSWORD in workloads
    assert PASSWORD not in "".join(kept("bad"))


@pytest.mark.parametrize("name", EXPECTED)
def test_a_program_after_public_documentation_gets_the_findings_it_deserves(name: str) -> None:
    ours = {rule.id for rule in RULES}

    found = {rule: names for rule, names in by_rule(kept(name)).items() if rule in ours}

    assert found == EXPECTED[name]
