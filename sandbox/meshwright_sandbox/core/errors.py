"""Errors in the shapes in which Google's APIs send them."""

from typing import Any

STATUS_BY_CODE = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ALREADY_EXISTS",
    412: "FAILED_PRECONDITION",
    413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
REASON_BY_CODE = {
    400: "invalid",
    401: "authError",
    403: "forbidden",
    404: "notFound",
    409: "alreadyExists",
    412: "conditionNotMet",
    413: "uploadTooLarge",
    429: "rateLimitExceeded",
    500: "internalError",
    501: "notImplemented",
    502: "backendError",
    503: "backendError",
    504: "gatewayTimeout",
}
# google.rpc.Code numbers, which operations carry instead of HTTP statuses.
RPC_CODE = {
    "CANCELLED": 1,
    "INVALID_ARGUMENT": 3,
    "DEADLINE_EXCEEDED": 4,
    "NOT_FOUND": 5,
    "ALREADY_EXISTS": 6,
    "PERMISSION_DENIED": 7,
    "RESOURCE_EXHAUSTED": 8,
    "FAILED_PRECONDITION": 9,
    "ABORTED": 10,
    "UNIMPLEMENTED": 12,
    "INTERNAL": 13,
    "UNAVAILABLE": 14,
    "UNAUTHENTICATED": 16,
}


class ApiError(Exception):
    """A refusal that the caller gets as an HTTP error.

    Args:
        code: HTTP status.
        message: text as the real API words it.
        status: canonical status of one-platform APIs; default by code.
        reason: reason in `errors[]` of the legacy shape; default by code.
        details: google.rpc details.
        location: parameter or field named in the legacy shape.
        refusal: what kind of mistake this refuses, for the journal: `field` (the body does not fit
            the schema), `reference` (something named in it does not exist), or "".
    """

    def __init__(
        self,
        code: int,
        message: str,
        *,
        status: str | None = None,
        reason: str | None = None,
        details: list[dict[str, Any]] | None = None,
        location: str | None = None,
        refusal: str = "",
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status or STATUS_BY_CODE.get(code, "UNKNOWN")
        self.reason = reason or REASON_BY_CODE.get(code, "unknown")
        self.details = details or []
        self.location = location
        self.refusal = refusal

    def body(self, style: str) -> dict[str, Any]:
        """The response's JSON: `style` is `rpc` or `legacy`, see `Service.style`."""
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if style == "legacy":
            entry = {"message": self.message, "domain": "global", "reason": self.reason}
            if self.location:
                entry |= {"locationType": "parameter", "location": self.location}
            error["errors"] = [entry]
        if style == "rpc" or self.details:
            error["status"] = self.status
        if self.details:
            error["details"] = self.details
        return {"error": error}


def bad_request(violations: list[tuple[str, str]]) -> ApiError:
    """400 with one field violation for each (field, description)."""
    fields = [
        {"field": field, "description": text} if field else {"description": text}
        for field, text in violations
    ]
    return ApiError(
        400,
        "\n".join(text for _, text in violations),
        refusal="field",
        details=[{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": fields}],
    )


def invalid(message: str) -> ApiError:
    """400 for a value that the schema allows and the API does not."""
    return ApiError(400, message)


def required(field: str) -> ApiError:
    """400 for a field that the schema leaves open and the API does not, as compute says it."""
    return ApiError(400, f"Required field '{field}' not specified", reason="required")


def precondition(message: str) -> ApiError:
    """400 FAILED_PRECONDITION: the request is right, the resource's state is not."""
    return ApiError(400, message, status="FAILED_PRECONDITION", reason="failedPrecondition")


def aborted(message: str) -> ApiError:
    """409 ABORTED: somebody else wrote in between."""
    return ApiError(409, message, status="ABORTED", reason="aborted")
