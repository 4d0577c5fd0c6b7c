"""The report as JUnit XML, which CI systems show as tests: one test case a rule.

A test case fails for the findings that make the check fail; others stand in its output, so that
advice turns no pipeline red. A rule that ran nowhere, or that waits for values, is skipped.
"""

from typing import cast

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from meshwright_policies.report.model import Finding, Report, known_rules, resource_name
from meshwright_policies.rule import Rule, Severity


def write_junit(report: Report, fail_on: Severity | None = None) -> str:
    """The report as XML text."""
    suite = TestSuite(f"policies on stack {report.stack}" if report.stack else "policies")
    for name, version in report.packs:
        suite.add_property(f"policy pack {name}", version)
    known = known_rules()
    found: dict[str, list[Finding]] = {rule: [] for rule in known}
    for finding in sorted(report.findings, key=lambda f: f.rule):
        found.setdefault(finding.rule, []).append(finding)
    failing = set(report.failing(fail_on))
    suite.add_testcases(
        [_case(report, rule, known.get(rule), of, failing) for rule, of in found.items()]
    )
    if report.errors:
        case = TestCase("the run itself", classname="preview")
        case.result = [Error(_printable(error.splitlines()[0])) for error in report.errors]
        case.system_err = _printable("\n\n".join(report.errors))
        suite.add_testcase(case)
    whole = JUnitXml("meshwright policy report")
    whole.add_testsuite(suite)
    return cast(bytes, whole.tostring()).decode()  # pyright: ignore[reportUnknownMemberType]


def _case(
    report: Report, rule: str, known: Rule | None, found: list[Finding], failing: set[Finding]
) -> TestCase:
    title = known.title if known else found[0].title
    pack = found[0].pack if found else "meshwright"
    case = TestCase(f"{rule}: {title}", classname=f"{pack}.{rule.partition('-')[0]}")
    case.result = [_failure(finding) for finding in found if finding in failing]
    advice = [_line(finding) for finding in found if finding not in failing]
    advice += [
        f"mended: {resource_name(mended.urn)} {change.path}"
        for mended in report.mended
        if mended.rule == rule
        for change in mended.changes
    ]
    waiting = [n.text for n in report.not_known if n.rule == rule]
    if advice or waiting:
        case.system_out = _printable(
            "\n".join([*advice, *(f"not known yet: {w}" for w in waiting)])
        )
    if not found and waiting:
        case.result = [Skipped(_printable(f"not known yet: {waiting[0]}"))]
    elif not found and rule not in report.ran:
        case.result = [Skipped("did not run: it is disabled, or the run broke off before it")]
    return case


def _failure(finding: Finding) -> Failure:
    failure = Failure(_printable(_line(finding)), f"{finding.level} {finding.severity.value}")
    failure.text = _printable(f"{finding.urn}\n{finding.sentence}")
    return failure


def _line(finding: Finding) -> str:
    return f"{resource_name(finding.urn)}: {finding.sentence}"


def _printable(text: str) -> str:
    """Without the control characters that XML 1.0 has no way to hold."""
    return "".join(c for c in text if c in "\t\n" or c >= " ")
