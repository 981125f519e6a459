"""What endpoints share: reading a body, answering with a page of rows."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

MOST = 200  # rows of one answer


def checked(serializer: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    """The request's body as the serializer reads it, or a 400 that names the fields."""
    form = serializer(data=request.data)
    form.is_valid(raise_exception=True)
    return form.validated_data


def paged(view: APIView, rows: Any, serializer: Any) -> Response:
    pages = LimitOffsetPagination()
    pages.max_limit = MOST
    found: Any = pages.paginate_queryset(rows, view.request, view=view)
    return pages.get_paginated_response(serializer(found, many=True).data)
