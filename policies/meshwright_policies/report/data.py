"""The report for programs, as JSON."""

import json
from dataclasses import asdict
from typing import Any

from meshwright_policies.report.model import Report, counted, resource_name
from meshwright_policies.rule import Severity

VERSION = 1
"""Raised when a key changes its meaning or goes."""


def data(report: Report, fail_on: Severity | None = None) -> dict[str, Any]:
    """The report as plain data."""
    failing = set(report.failing(fail_on))
    mandatory = sum(finding.mandatory for finding in report.findings)
    return {
        "version": VERSION,
        "project": report.project,
        "stack": report.stack,
        "packs": dict(report.packs),
        "summary": {
            "passed": report.exit_code(fail_on) == 0,
            "resources": report.resources,
            "rules": len(report.ran),
            "findings": len(report.findings),
            "mandatory": mandatory,
            "failing": len(failing),
            "severities": {s.value: count for s, count in counted(report.findings).items()},
        },
        "findings": [
            asdict(finding)
            | {
                "severity": finding.severity.value,
                "resource": resource_name(finding.urn),
                "failing": finding in failing,
            }
            for finding in report.findings
        ],
        "mended": [asdict(mended) for mended in report.mended],
        "not_known_yet": [asdict(not_known) for not_known in report.not_known],
        "notes": list(report.notes),
        "errors": list(report.errors),
    }


def write_json(report: Report, fail_on: Severity | None = None) -> str:
    """The report as JSON text."""
    return json.dumps(data(report, fail_on), indent=2) + "\n"
