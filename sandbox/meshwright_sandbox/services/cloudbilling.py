"""Cloud Billing: which account pays for a project. Nothing is ever charged here."""

from typing import Any

from meshwright_sandbox.core.cloud import Call
from meshwright_sandbox.core.errors import ApiError
from meshwright_sandbox.core.service import Service

_ACCOUNT = "billingAccounts/000000-000000-000000"


def _billing_info(call: Call) -> dict[str, Any]:
    return {
        "name": f"projects/{call.project}/billingInfo",
        "projectId": call.project,
        "billingAccountName": _ACCOUNT,
        "billingEnabled": True,
    }


def _refuse(_: Call) -> dict[str, Any]:
    raise ApiError(403, "The sandbox has no billing accounts to administer.")


SERVICE = Service(
    name="cloudbilling",
    versions={"v1": "cloudbilling.v1"},
    proto="google.cloud.billing",
    operations="none",
    methods={
        "projects.getBillingInfo": _billing_info,
        "projects.updateBillingInfo": _refuse,
    },
)
