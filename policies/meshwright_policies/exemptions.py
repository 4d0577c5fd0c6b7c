"""Exemptions: a violation that a team accepts for a while, with its reason, in the policy config.

{"MESH-11": {"exemptions": [{"urn": "*::old-gateway", "reason": "...", "expires": "2027-01-31"}]}}
"""

import datetime
from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True)
class Exemption:
    """One accepted violation."""

    urn: str
    reason: str
    expires: datetime.date

    def covers(self, urn: str) -> bool:
        """Whether it is about that resource, on whichever day.

        Brackets mean themselves: programs call resources `pool[0]`.
        """
        return fnmatchcase(urn, self.urn.replace("[", "[[]"))


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
