"""Exemptions: a violation that a team accepts for a while, with its reason, in the policy config.

{"MESH-11": {"exemptions": [{"urn": "*::old-gateway", "reason": "...", "expires": "2027-01-31"}]}}
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import cast

SCHEMA: dict[str, object] = {
    "type": "array",
    "description": "Violations of this rule that are accepted until a day.",
    "items": {
        "type": "object",
        "additionalProperties": False,
        "required": ["urn", "reason", "expires"],
        "properties": {
            "urn": {"type": "string", "minLength": 1, "description": "URN, or a pattern with *"},
            "reason": {"type": "string", "minLength": 1},
            "expires": {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"},
        },
    },
}


@dataclass(frozen=True)
class Exemption:
    """One accepted violation."""

    urn: str
    reason: str
    expires: datetime.date

    def covers(self, urn: str) -> bool:
        """Whether it is about that resource, on whichever day."""
        return fnmatchcase(urn, self.urn)


def parse(config: Mapping[str, object]) -> tuple[list[Exemption], list[str]]:
    """The exemptions in a rule's config, and a sentence for each entry that is none.

    The engine has checked the shape against SCHEMA; what a schema cannot say is checked here, and
    an entry that is wrong exempts nothing.
    """
    exemptions: list[Exemption] = []
    problems: list[str] = []
    for index, entry in enumerate(cast(list[dict[str, str]], config.get("exemptions") or [])):
        try:
            expires = datetime.date.fromisoformat(entry["expires"])
        except ValueError:
            problems.append(
                f"exemptions[{index}].expires is {entry['expires']!r}, which is no day; "
                "write it as YYYY-MM-DD"
            )
            continue
        if not entry["reason"].strip():
            problems.append(f"exemptions[{index}].reason is blank; say why it is accepted")
            continue
        exemptions.append(Exemption(entry["urn"], entry["reason"].strip(), expires))
    return exemptions, problems


def judge(exemptions: list[Exemption], urn: str, today: datetime.date) -> tuple[bool, str]:
    """Whether a violation at a URN is exempt today, and what to add to its message if it is not."""
    note = ""
    for exemption in exemptions:
        if exemption.covers(urn):
            if today <= exemption.expires:
                return True, ""
            note = (
                f" Its exemption ended on {exemption.expires} ({exemption.reason}): mend the "
                "resource, or agree on a new day."
            )
    return False, note
