"""What a page's script sends and gets: JSON objects, and errors as a sentence with a status."""

from collections.abc import Mapping
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ExceptionHandler

from toonvision.core.errors import (
    EnvironmentFaultError,
    InputRejectedError,
    RejectedItemError,
    ToonVisionError,
    UsageError,
    WorkspaceBusyError,
)
from toonvision.core.files import parse_json

LARGEST_BODY = 1_000_000
"""Of a request, in bytes."""
_STATUS: Mapping[type[Exception], HTTPStatus] = {
    UsageError: HTTPStatus.BAD_REQUEST,
    InputRejectedError: HTTPStatus.UNPROCESSABLE_ENTITY,
    RejectedItemError: HTTPStatus.UNPROCESSABLE_ENTITY,
    WorkspaceBusyError: HTTPStatus.LOCKED,
    EnvironmentFaultError: HTTPStatus.INSUFFICIENT_STORAGE,
}


async def read_object(request: Request) -> dict[str, object]:
    """Read the JSON object that a request carries.

    Raises:
        HTTPException: 413 if it is over 1 MB, 400 if it is none.
    """
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > LARGEST_BODY:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "more than 1 MB was sent")
    try:
        found = parse_json(bytes(content))
    except RejectedItemError as error:
        raise HTTPException(HTTPStatus.BAD_REQUEST, str(error)) from error
    if not isinstance(found, dict):
        raise HTTPException(HTTPStatus.BAD_REQUEST, "a JSON object is expected")
    return found


def error_answers() -> dict[type[Exception] | int, ExceptionHandler]:
    """Return how a Starlette application answers expected errors: ``{"error": sentence}`` with a status."""
    return {
        HTTPException: _of_http,
        ToonVisionError: _expected,
        RejectedItemError: _expected,
        OSError: _of_environment,
    }


def _of_http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code)


def _expected(_: Request, error: Exception) -> Response:
    status = next((status for kind, status in _STATUS.items() if isinstance(error, kind)), HTTPStatus.CONFLICT)
    remedy = f" ({error.remedy})" if isinstance(error, RejectedItemError) and error.remedy else ""
    return JSONResponse({"error": f"{error}{remedy}"}, status)


def _of_environment(_: Request, error: Exception) -> Response:
    assert isinstance(error, OSError)
    what = f"{error.filename or 'the disk'}: {error.strerror or error}"
    return JSONResponse(
        {"error": f"{what}. What was saved is kept; free space, or allow writing."}, HTTPStatus.INSUFFICIENT_STORAGE
    )
