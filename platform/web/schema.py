"""What every endpoint says of its errors in the OpenAPI schema."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers


class ProblemSerializer(serializers.Serializer[Any]):
    """A problem on the caller's side: what was expected, what was found, what to do."""

    code = serializers.CharField()
    title = serializers.CharField()
    expected = serializers.CharField()
    found = serializers.CharField()
    remedy = serializers.CharField()
    values = serializers.DictField()


WORDS = {
    400: "The request could not be read.",
    401: "No valid session or token.",
    403: "The role or the plan does not allow this.",
    404: "There is nothing of this kind in your workspaces.",
    409: "What it is about is not at the point where this is possible.",
    410: "The file was there and is not any more.",
    411: "The request has no Content-Length.",
    412: "The header Tus-Resumable does not name a version that is spoken here.",
    413: "The file or the request is too large.",
    415: "The body is of another kind.",
    422: "The request was understood and cannot be done as it is.",
    423: "Another request is writing this upload; try again.",
    429: "Too many at once; try again later.",
    460: "The checksum is not that of the bytes that came.",
    503: "A part of the site is not up at the moment; try again.",
}


def problems(*statuses: int) -> dict[int, Any]:
    """For `extend_schema(responses=…)`; 401 goes without saying."""
    return {
        status: OpenApiResponse(ProblemSerializer, WORDS[status]) for status in (401, *statuses)
    }
