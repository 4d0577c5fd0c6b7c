"""What the GKE Hub API says of the mesh, per membership.

Only one call is made: ``features.get``,
https://cloud.google.com/kubernetes-engine/fleet-management/docs/reference/rest/v1/projects.locations.features/get.
Credentials are the Application Default Credentials, or the token in GOOGLE_OAUTH_ACCESS_TOKEN; the
endpoint can be moved by GOOGLE_GKE_HUB2_CUSTOM_ENDPOINT or GOOGLE_GKE_HUB_CUSTOM_ENDPOINT, as for
Google's own Pulumi provider.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import aiohttp

_ENDPOINT = "https://gkehub.googleapis.com"
_ENDPOINT_VARIABLES = ("GOOGLE_GKE_HUB2_CUSTOM_ENDPOINT", "GOOGLE_GKE_HUB_CUSTOM_ENDPOINT")
_QUOTA_VARIABLES = ("GOOGLE_BILLING_PROJECT", "GOOGLE_CLOUD_QUOTA_PROJECT")
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_PASSING_STATUSES = frozenset({408, 429, 500, 502, 503, 504})
_REQUEST_SECONDS = 30

ACTIVE = "ACTIVE"


class HubError(Exception):
    """The call failed and will fail again: what, why, how to mend."""


class PassingError(Exception):
    """The call failed in a way that may pass; `retry_after` is the server's wish in seconds."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class FeatureMissing(Exception):
    """The fleet has no mesh feature (yet)."""


@dataclass(frozen=True)
class MemberState:
    """What the feature reports of one membership."""

    state: str
    implementation: str
    data_plane: str
    details: tuple[str, ...]

    @property
    def ready(self) -> bool:
        """Whether the mesh works there; a data plane that is not managed is nobody's wait."""
        return self.state == ACTIVE and self.data_plane in ("", ACTIVE, "DISABLED")


@asynccontextmanager
async def connected(project: str) -> AsyncGenerator[Hub, None]:
    """The hub of a project's fleet, while it is asked."""
    import aiohttp  # half of the plugin's start, and most runs have nothing to ask

    async with aiohttp.ClientSession() as session:
        yield Hub(session, project)


class Hub:
    """Reads the mesh feature of one project's fleet. One instance serves one wait."""

    def __init__(self, session: aiohttp.ClientSession, project: str) -> None:
        self._session = session
        self._project = project
        self._credentials: Any = None

    async def member_states(self) -> dict[tuple[str, str], MemberState]:
        """Return the state of every membership, by (location, short id).

        Raises:
            FeatureMissing, PassingError, HubError: see there.
        """
        feature = await self._get(
            f"{_endpoint()}/v1/projects/{self._project}/locations/global/features/servicemesh"
        )
        states: dict[tuple[str, str], MemberState] = {}
        for name, reported in feature.get("membershipStates", {}).items():
            # Keys name the project by number, whichever way it was asked for.
            match = re.search(r"/locations/([^/]+)/memberships/([^/]+)$", name)
            if match:
                states[(match[1], match[2])] = _member_state(reported)
        return states

    async def _get(self, url: str) -> dict[str, Any]:
        import aiohttp

        headers = await self._headers()
        try:
            async with self._session.get(
                url, headers=headers, timeout=aiohttp.ClientTimeout(total=_REQUEST_SECONDS)
            ) as answer:
                if answer.status == 200:
                    return cast(dict[str, Any], await answer.json())
                content = await answer.text()
                if answer.status in _PASSING_STATUSES:
                    raise PassingError(
                        f"HTTP {answer.status} {_reason(content)}",
                        _seconds(answer.headers.get("Retry-After")),
                    )
                if answer.status == 404:
                    raise FeatureMissing(_reason(content))
                raise HubError(self._refusal(answer.status, _reason(content)))
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            # ValueError: an answer cut short is no JSON.
            raise PassingError(f"{url}: {error or type(error).__name__}") from error

    async def _headers(self) -> dict[str, str]:
        token = os.environ.get("GOOGLE_OAUTH_ACCESS_TOKEN")
        quota = next((os.environ[name] for name in _QUOTA_VARIABLES if os.environ.get(name)), None)
        headers = {"x-goog-user-project": quota} if quota else {}
        if token:
            return {**headers, "Authorization": f"Bearer {token}"}
        # google-auth talks to the network while it blocks.
        return await asyncio.to_thread(self._default_headers, headers)

    def _default_headers(self, headers: dict[str, str]) -> dict[str, str]:
        import google.auth
        import google.auth.exceptions
        from google.auth.transport.requests import Request

        auth: Any = google.auth
        try:
            if self._credentials is None:
                self._credentials, _ = auth.default(scopes=[_SCOPE])
            if not self._credentials.valid:
                self._credentials.refresh(Request())
            self._credentials.apply(headers)
        except google.auth.exceptions.TransportError as error:
            raise PassingError(f"no access token could be fetched: {error}") from error
        except google.auth.exceptions.GoogleAuthError as error:
            raise HubError(
                f"no Google credentials: {error}. Run `gcloud auth application-default login`, or "
                "set GOOGLE_APPLICATION_CREDENTIALS or GOOGLE_OAUTH_ACCESS_TOKEN."
            ) from error
        quota = getattr(self._credentials, "quota_project_id", None)
        if quota:
            headers.setdefault("x-goog-user-project", quota)
        return headers

    def _refusal(self, status: int, reason: str) -> str:
        remedy = {
            401: "The access token is not valid (any more): log in again.",
            403: "Enable gkehub.googleapis.com in the project and grant roles/gkehub.viewer "
            "to the caller.",
        }.get(status, "Check the project's id.")
        where = f"the mesh feature of project {self._project}"
        return f"GKE Hub refused to show {where}: HTTP {status} {reason}. {remedy}"


def _endpoint() -> str:
    custom = next((os.environ[name] for name in _ENDPOINT_VARIABLES if os.environ.get(name)), "")
    # A custom endpoint carries the version in its path, and may carry the beta's.
    return re.sub(r"/v1[a-z0-9]*$", "", custom.rstrip("/")) or _ENDPOINT


def _member_state(reported: Mapping[str, Any]) -> MemberState:
    mesh = reported.get("servicemesh", {})
    control, data = mesh.get("controlPlaneManagement", {}), mesh.get("dataPlaneManagement", {})
    details = [_text(item) for part in (control, data) for item in part.get("details", [])]
    details += [_text(item) for item in mesh.get("conditions", [])]
    description = reported.get("state", {}).get("description")
    if description:
        details.append(description)
    return MemberState(
        state=control.get("state", ""),
        implementation=control.get("implementation", ""),
        data_plane=data.get("state", ""),
        details=tuple(dict.fromkeys(filter(None, details))),
    )


def _text(item: Mapping[str, Any]) -> str:
    return ": ".join(filter(None, (item.get("code"), item.get("details"))))


def _reason(content: str) -> str:
    match = re.search(r'"message":\s*"((?:[^"\\]|\\.)*)"', content)
    return match[1] if match else content[:200].strip()


def _seconds(retry_after: str | None) -> float | None:
    return float(retry_after) if retry_after and retry_after.isdigit() else None
