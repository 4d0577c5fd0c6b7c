"""Writes docs/policies/rules.md and the schema of the policy config from the rules themselves.

Run as `.venv/bin/python docs/generate_rules.py`; `--check` only compares.
"""

import argparse
import inspect
import json
import sys
from pathlib import Path

from meshwright_policies import RULES
from meshwright_policies.config import DEFAULTS, schema
from meshwright_policies.rule import Rule

ROOT = Path(__file__).parent.parent
_RENEW = ".venv/bin/python docs/generate_rules.py"
_TOP = """\
# The rules

Generated from the rules' code by `docs/generate_rules.py`;
[how to use and to configure them](index.md) is another page. A *mend* is what level `remediate`
makes by itself. A rule *for a stack* looks at all of its resources together, the others at one
resource at a time.
"""


def main() -> int:
    """Write the files, or say which of them are out of date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only")
    check = parser.parse_args().check
    stale = [path for path, text in generate().items() if _kept(path) != text]
    if check:
        if stale:
            listed = ", ".join(str(path.relative_to(ROOT)) for path in stale)
            sys.stderr.write(f"out of date: {listed}; renew with {_RENEW}\n")
        return 1 if stale else 0
    for path in stale:
        path.parent.mkdir(exist_ok=True)
        path.write_text(generate()[path], encoding="utf-8")
    return 0


def generate() -> dict[Path, str]:
    """What stands in each file."""
    return {
        ROOT / "docs" / "policies" / "rules.md": _page(),
        ROOT / "policies" / "config.schema.json": json.dumps(schema(RULES), indent=2) + "\n",
    }


def _kept(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


def _page() -> str:
    rows = "".join(
        f"| [{rule.id}](#{rule.id.lower()}) | {rule.severity.value} | {_what(rule)} |\n"
        for rule in RULES
    )
    table = f"| rule | severity | what holds |\n|---|---|---|\n{rows}"
    return "\n".join([_TOP, table, *(_section(rule) for rule in RULES)])


def _what(rule: Rule) -> str:
    """The title without its reason."""
    return rule.title.split(", so that")[0].rstrip(".").replace("|", "\\|")


def _section(rule: Rule) -> str:
    check = rule.resource_check or rule.stack_check
    facts = [
        f"severity {rule.severity.value}, by default {DEFAULTS[rule.severity].value}",
        *(
            ["for a stack too" if rule.resource_check else "for a stack"]
            if rule.stack_check
            else []
        ),
        *(["has a mend"] if rule.remedy else []),
        f"source: {rule.source}",
    ]
    details = inspect.getdoc(check) or ""
    return f"## {rule.id}\n\n{rule.title}\n\n{details}\n\n*{'; '.join(facts)}*\n"


if __name__ == "__main__":
    sys.exit(main())
