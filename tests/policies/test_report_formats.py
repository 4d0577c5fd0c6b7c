"""The four views of a report: each is read back by what CI systems read it with."""

import io
import json
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from junitparser import Failure, JUnitXml, Skipped, TestCase
from rich.console import Console
from sarif_kit.validate import validation_errors

from meshwright_policies import RULES
from meshwright_policies.report import Report, data, junit, sarif, text
from meshwright_policies.rule import Severity
from tests.policies.engine_events import CLUSTER, MIXED, diagnostic, judged, report, violation

FILE = "stacks/Pulumi.dev.yaml"
EMPTY = report(judged(CLUSTER, passed=tuple(rule.id for rule in RULES)))
BROKEN = report(*MIXED, diagnostic("error: no stack named 'dev' found\nat all"))
FOREIGN = report(violation("closed", "no path here", pack="other", severity=""))


def sarif_run(found: Report) -> dict:
    log = json.loads(sarif.write_sarif(found, FILE))
    assert validation_errors(log) == []
    (run,) = log["runs"]
    return run


def cases(found: Report, fail_on: Severity | None = None) -> dict[str, TestCase]:
    """The test cases by rule."""
    (suite,) = JUnitXml.fromstring(junit.write_junit(found, fail_on))
    return {str(case.name).partition(":")[0]: case for case in suite}


def shown(found: Report, width: int = 400, fail_on: Severity | None = None) -> str:
    screen = Console(file=io.StringIO(), width=width)
    text.show(screen, found, fail_on)
    assert isinstance(screen.file, io.StringIO)
    return screen.file.getvalue()


@pytest.mark.parametrize("found", [report(*MIXED), EMPTY, BROKEN, FOREIGN, Report()])
def test_sarif_keeps_to_the_published_schema(found: Report) -> None:
    assert len(sarif_run(found)["results"]) == len(found.findings)


def test_a_sarif_result_has_its_rule_level_and_place() -> None:
    run = sarif_run(report(*MIXED))
    first, second = run["results"]

    assert (first["ruleId"], first["level"], second["level"]) == ("GKE-01", "error", "note")
    rule = run["tool"]["driver"]["rules"][first["ruleIndex"]]
    assert rule["id"] == "GKE-01"
    assert float(rule["properties"]["security-severity"]) >= 7
    (place,) = first["locations"]
    assert place["physicalLocation"]["artifactLocation"]["uri"] == FILE
    names = [logical["fullyQualifiedName"] for logical in place["logicalLocations"]]
    assert names == [CLUSTER, "privateClusterConfig.enablePrivateNodes"]
    assert "Set it to true" in first["message"]["text"]


def test_sarif_describes_every_rule_of_the_pack_and_those_of_others() -> None:
    rules = [rule["id"] for rule in sarif_run(FOREIGN)["tool"]["driver"]["rules"]]

    assert rules == [*(rule.id for rule in RULES), "closed"]


def test_a_fingerprint_outlives_a_change_of_the_value_and_is_no_other_findings() -> None:
    def prints(*texts: str) -> list[str]:
        lines = [violation(text=text) for text in texts]
        results = sarif_run(report(*lines))["results"]
        return [result["partialFingerprints"]["meshwrightFinding/v1"] for result in results]

    assert prints("a.b: is 1. Mend it.") == prints("a.b: is 2. Mend it.")
    assert len(set(prints("a.b: is 1.", "a.b: is 2.", "a.c: is 1."))) == 3


def test_sarif_has_what_is_no_finding_as_notifications_and_no_alerts() -> None:
    (invocation,) = sarif_run(BROKEN)["invocations"]

    assert invocation["executionSuccessful"] is False
    notes = [(n["level"], n["message"]["text"]) for n in invocation["toolExecutionNotifications"]]
    assert [level for level, _ in notes] == ["note", "note", "warning", "error"]
    for said, (_, note) in zip(
        ("mended: ", "not known yet: ", "covers", "no stack"), notes, strict=True
    ):
        assert said in note
    assert sarif_run(EMPTY)["invocations"][0]["executionSuccessful"] is True


def test_junit_counts_a_test_a_rule() -> None:
    root = ElementTree.fromstring(junit.write_junit(report(*MIXED)))
    (suite,) = root.iter("testsuite")

    assert int(suite.attrib["tests"]) == len(RULES)
    assert suite.attrib["failures"] == "1"
    assert suite.attrib["errors"] == "0"
    assert len(suite.findall("testcase")) == len(RULES)


def test_junit_fails_a_rule_for_what_fails_the_run_and_tells_the_rest() -> None:
    plain, strict = cases(report(*MIXED)), cases(report(*MIXED), Severity.LOW)

    (failure,) = plain["GKE-01"].result
    assert isinstance(failure, Failure)
    assert "enablePrivateNodes: is not set" in str(failure.message)
    assert CLUSTER in str(failure.text)
    assert plain["GKE-16"].is_passed
    assert "enableIntranodeVisibility" in str(plain["GKE-16"].system_out)
    assert strict["GKE-16"].is_failure
    assert "releaseChannel.channel" in str(plain["GKE-13"].system_out)


def test_junit_skips_a_rule_that_did_not_run_or_waits() -> None:
    found = cases(report(*MIXED))

    assert found["MESH-16"].is_passed
    for rule, reason in (("GKE-03", "not known yet"), ("GKE-11", "did not run")):
        (skipped,) = found[rule].result
        assert isinstance(skipped, Skipped)
        assert reason in str(skipped.message)


def test_junit_has_an_error_for_a_run_that_broke_off() -> None:
    case = cases(BROKEN)["the run itself"]

    assert case.is_error
    assert "no stack named 'dev' found" in str(case.system_err)


def test_json_says_whether_it_passes_and_why() -> None:
    whole = json.loads(data.write_json(report(*MIXED)))

    assert whole["summary"] == {
        "passed": False,
        "resources": 2,
        "rules": 5,
        "findings": 2,
        "mandatory": 1,
        "failing": 1,
        "severities": {"high": 1, "low": 1},
    }
    first, second = whole["findings"]
    assert (first["rule"], first["failing"], second["failing"]) == ("GKE-01", True, False)
    assert first["resource"] == "gcp:container/cluster:Cluster east"
    assert whole["mended"][0]["changes"][0]["path"] == "releaseChannel.channel"
    assert whole["not_known_yet"][0]["rule"] == "GKE-03"
    assert len(whole["notes"]) == 1
    assert json.loads(data.write_json(EMPTY))["summary"]["passed"] is True


def test_text_tells_findings_mends_and_what_waits_apart() -> None:
    said = shown(report(*MIXED))

    found, mended = said.split("mended on the way")
    mended, waiting = mended.split("not known yet")
    assert "privateClusterConfig.enablePrivateNodes: is not set. Set it to true." in found
    assert "enableIntranodeVisibility: is [not] set" in found  # brackets are no markup
    assert 'releaseChannel.channel: (not set) -> "REGULAR"' in mended
    assert "2 values are not known in this preview" in waiting
    assert "GKE-02.exemptions[0] covers nothing" in waiting
    last = said.splitlines()[-1]
    assert last.startswith("stack dev of shop fails: 1 of them stops it.")
    assert "2 findings (1 high, 1 low), 1 mended, 1 rule waits for values" in last


def test_text_of_a_run_without_findings_and_of_one_that_broke_off() -> None:
    assert shown(EMPTY).strip() == (
        f"stack dev of shop passes. 1 resource, {len(RULES)} rules, no findings."
    )
    assert "broke off" in shown(report(diagnostic("gone")))


@pytest.mark.parametrize("width", [40, 80, 200])
def test_text_loses_nothing_on_a_narrow_screen(width: int) -> None:
    words = "".join(shown(report(*MIXED), width).split())

    assert "privateClusterConfig.enablePrivateNodes:isnotset.Setittotrue." in words
    assert "gcp:container/cluster:Clustereast" in words


@settings(deadline=None, max_examples=25)
@given(st.text(min_size=1), st.text(min_size=1))
def test_no_text_breaks_a_format(urn: str, said: str) -> None:
    found = report(violation("GKE-01", said, urn=urn), diagnostic(said))

    assert len(sarif_run(found)["results"]) == len(found.findings)
    assert len(json.loads(data.write_json(found))["findings"]) == len(found.findings)
    assert cases(found)["GKE-01"].is_failure
    assert shown(found)
