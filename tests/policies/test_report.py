"""What a report makes of the engine's events."""

import itertools

import pytest

from meshwright_policies.report import Change, EventsError
from meshwright_policies.rule import Severity
from tests.policies.engine_events import (
    CLUSTER,
    MIXED,
    PEM,
    ROUTE,
    diagnostic,
    judged,
    not_known,
    prelude,
    remediation,
    report,
    violation,
)

SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "value": "x"}


def test_a_finding_has_its_parts() -> None:
    source = "CIS GKE 1.9 5.6.5, CKV_GCP_64, trivy GCP-0059"
    text = f"a.b[0].c: is False: bad. Set it. (source: {source}) Its exemption ended."

    (found,) = report(violation("GKE-01", text)).findings

    assert (found.rule, found.severity, found.level) == ("GKE-01", Severity.HIGH, "mandatory")
    assert found.title == "Nodes have private addresses only."
    assert (found.where, found.text) == ("a.b[0].c", "is False: bad. Set it. Its exemption ended.")
    assert (found.source, found.urn) == (source, CLUSTER)


def test_another_packs_finding_is_taken_as_it_stands() -> None:
    line = violation("no-public", "note: closed please", pack="other", severity="", title="Closed.")

    (found,) = report(line).findings

    assert (found.pack, found.title, found.where) == ("other", "Closed.", "")
    assert (found.text, found.severity) == ("note: closed please", Severity.HIGH)


def test_the_worst_comes_first_and_then_what_stops_an_update() -> None:
    lines = [
        violation("GKE-13", level="advisory", severity="low"),
        violation("GKE-02", level="advisory", severity="high"),
        violation("MESH-01", severity="critical"),
        violation("GKE-03", severity="high"),
    ]
    for order in itertools.permutations(lines):
        assert [f.rule for f in report(*order).findings] == [
            "MESH-01",
            "GKE-03",
            "GKE-02",
            "GKE-13",
        ]


def test_a_finding_that_is_said_twice_counts_once() -> None:
    assert len(report(violation(), violation()).findings) == 1
    assert len(report(violation(), violation(urn=ROUTE)).findings) == 2


def test_of_an_updates_log_the_update_counts_and_not_its_preview() -> None:
    found = report(prelude(), violation("GKE-01"), prelude(), violation("GKE-02"))

    assert [finding.rule for finding in found.findings] == ["GKE-02"]


def test_what_is_not_known_yet_is_no_finding() -> None:
    found = report(not_known("GKE-03: 2 values are not known, first: nodeConfig.mode"))

    assert (found.findings, found.exit_code(Severity.LOW)) == ((), 0)
    (waiting,) = found.not_known
    assert waiting.rule == "GKE-03"
    assert waiting.text == "2 values are not known, first: nodeConfig.mode"


def test_what_the_pack_says_about_its_config_is_no_finding() -> None:
    found = report(
        violation("meshwright", "GKE-02.exemptions[0] covers nothing.", level="advisory")
    )

    assert (found.findings, found.notes) == ((), ("GKE-02.exemptions[0] covers nothing.",))


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        ({"a": 1, "b": 2}, {"a": 1, "b": 3}, [Change("b", "2", "3")]),
        ({}, {"a": {"b": True}}, [Change("a.b", "", "true")]),
        ({"a": {"b": "x"}}, {"a": {}}, [Change("a.b", '"x"', "")]),
        ({"a": [{"b": 1}]}, {"a": [{"b": 2}, 3]}, [Change("a[0].b", "1", "2"),
                                                  Change("a[1]", "", "3")]),
        ({"a": SECRET}, {"a": "plain"}, [Change("a", "[secret]", '"plain"')]),
        ({"a": {"b": SECRET}, "c": 1}, {"a": {"b": SECRET}, "c": 2}, [Change("c", "1", "2")]),
    ],
)  # fmt: skip
def test_a_mend_names_each_changed_property(
    before: dict, after: dict, changes: list[Change]
) -> None:
    (mended,) = report(remediation("GKE-13", before, after)).mended

    assert (mended.rule, mended.urn, list(mended.changes)) == ("GKE-13", CLUSTER, changes)


def test_a_run_that_broke_off_says_why() -> None:
    found = report(
        judged(CLUSTER, passed=("GKE-01",)),
        diagnostic("resource plugin gcp is not there\n"),
        diagnostic("a mere hint", "info"),
        diagnostic("preview failed\n"),
    )

    assert found.errors == ("resource plugin gcp is not there",)
    assert found.exit_code() == 2


def test_a_run_that_only_violations_stopped_did_not_break_off() -> None:
    found = report(violation(), diagnostic("preview failed\n"))

    assert (found.errors, found.exit_code()) == ((), 1)


@pytest.mark.parametrize(
    ("level", "severity", "fail_on", "code"),
    [
        ("mandatory", "low", None, 1),
        ("mandatory", "low", Severity.CRITICAL, 1),
        ("advisory", "critical", None, 0),
        ("advisory", "high", Severity.HIGH, 1),
        ("advisory", "critical", Severity.HIGH, 1),
        ("advisory", "medium", Severity.HIGH, 0),
        ("advisory", "low", Severity.LOW, 1),
    ],
)
def test_advice_fails_only_from_the_severity_that_is_named(
    level: str, severity: str, fail_on: Severity | None, code: int
) -> None:
    assert report(violation(level=level, severity=severity)).exit_code(fail_on) == code


def test_a_finding_fails_a_run_that_broke_off_too() -> None:
    assert report(violation(), diagnostic("out of memory")).exit_code() == 1


def test_the_run_is_named_and_counted() -> None:
    found = report(*MIXED)

    assert (found.project, found.stack) == ("shop", "dev")
    assert (found.packs, found.resources) == ((("meshwright", "0.1.0"),), 2)
    assert found.ran == {"GKE-01", "GKE-02", "GKE-03", "GKE-16", "MESH-16"}


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], "it is empty"),
        (["{}\n"], "line 1 is no event"),
        ([prelude(), "\n", "Previewing update (dev):\n"], "line 3 is no event"),
        ([prelude(), '{"sequence": 1'], "line 2 is no event"),
        (["[1, 2]\n"], "line 1 is no event"),
        (['{"sequence": 1, "policyEvent": {}}\n'], "line 1 is no event"),
        (['{"sequence": 1, "diagnosticEvent": null}\n'], "line 1 is no event"),
    ],
)
def test_what_is_no_log_is_refused_by_its_line(lines: list[str], said: str) -> None:
    with pytest.raises(EventsError, match=said):
        report(*lines)


def test_a_secret_in_a_message_is_masked_wherever_it_stands() -> None:
    found = report(
        violation("SEC-01", f"data.key: holds {PEM}. Remove it."),
        diagnostic(f"cannot parse {PEM}"),
        remediation("GKE-20", {"a": "x"}, {"a": PEM}),
        not_known(f"GKE-03: {PEM}"),
    )

    assert "MIIEvQIBADANBgkq" not in repr(found)
    assert "[secret]" in found.findings[0].text
    assert "[secret]" in found.errors[0]
