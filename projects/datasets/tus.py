"""Resumable uploads over HTTP: tus 1.0 with creation, expiration, termination and checksum (https://tus.io).

Open to tokens and, with the CSRF header, to sessions: the pages' own client, static/js/tus.js, talks to it too.
"""

from __future__ import annotations

from base64 import b64decode
from typing import Any
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils.http import http_date
from django.utils.translation import gettext_noop
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import Action
from projects.datasets import resuming, selectors
from projects.datasets.models import PartialUpload
from projects.people import user_of
from projects.schema import problems
from projects.selectors import project_for
from training.problems import Problem

VERSION = "1.0.0"
EXTENSIONS = "creation,expiration,termination,checksum"
BODY = "application/offset+octet-stream"
METADATA_LIMIT = 16 * 1024  # characters
# What headers should hold; translated where the problem is told.
BYTES = gettext_noop("a number of bytes")
PAIRS = gettext_noop("pairs of a key and its value in base64, separated by commas")
DIGEST = gettext_noop("sha1 or sha256, and the digest in base64")


def _header(name: str, form: str, required: bool = True) -> OpenApiParameter:
    return OpenApiParameter(name, str, OpenApiParameter.HEADER, required=required, description=form)


RESUMABLE = _header("Tus-Resumable", VERSION)
STATE = OpenApiResponse(
    description="Headers: `Upload-Offset`, `Upload-Expires`; once all is there, `Attune-Location`."
)


class TusView(APIView):
    """What every request and answer of the protocol has. HEAD and OPTIONS are no part of the OpenAPI schema."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        served = request.method != "OPTIONS" and hasattr(self, str(request.method).lower())
        found = request.headers.get("Tus-Resumable", "")
        if served and found != VERSION:
            raise Problem("upload.version", version=VERSION, found=found[:20])

    def finalize_response(self, *args: Any, **kwargs: Any) -> Response:
        response: Any = super().finalize_response(*args, **kwargs)
        response["Tus-Resumable"] = response["Tus-Version"] = VERSION
        response["Cache-Control"] = "no-store"
        return response

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        headers = {
            "Tus-Extension": EXTENSIONS,
            "Tus-Max-Size": str(settings.MAX_UPLOAD_BYTES),
            "Tus-Checksum-Algorithm": ",".join(resuming.ALGORITHMS),
        }
        return Response(status=204, headers=headers)


class PartialList(TusView):
    @extend_schema(
        operation_id="tus_create",
        summary="Begin a resumable upload",
        description=(
            "The protocol is [tus 1.0](https://tus.io/protocols/resumable-upload). The upload that "
            "comes of it has the id that stands in `Location`."
        ),
        tags=["data"],
        parameters=[
            RESUMABLE,
            _header("Upload-Length", "Bytes of the whole file."),
            _header("Upload-Metadata", "`filename` and its value in base64.", required=False),
        ],
        request=None,
        responses={
            201: OpenApiResponse(description="Headers: `Location`, `Upload-Expires`."),
            **problems(400, 403, 404, 412, 413, 422),
        },
    )
    def post(self, request: Request, project_id: UUID) -> Response:
        project = project_for(request, project_id, Action.EDIT)
        metadata = request.headers.get("Upload-Metadata", "")
        said = _metadata(metadata)
        partial = resuming.begin(
            project=project,
            user=user_of(request),
            name=said.get("filename", ""),
            size=_number(request, "Upload-Length"),
            said=said,
            metadata=metadata,
        )
        url = reverse("api-tus-upload", args=[partial.pk])
        return Response(status=201, headers={"Location": url, **_expires(partial)})


class PartialDetail(TusView):
    def head(self, request: Request, partial_id: UUID) -> Response:
        partial = selectors.partial_for(request, partial_id, Action.EDIT)
        headers = _state(partial, resuming.offset_of(partial))
        headers["Upload-Length"] = str(partial.size)
        if partial.metadata:
            headers["Upload-Metadata"] = partial.metadata
        return Response(status=200, headers=headers)

    @extend_schema(
        operation_id="tus_append",
        summary="Send a piece of a resumable upload",
        description=(
            "At most 64 MB. `HEAD` tells the offset to go on from. The last piece has the file "
            "looked at, and is answered as the upload of a whole file is."
        ),
        tags=["data"],
        parameters=[
            RESUMABLE,
            _header("Upload-Offset", "Bytes that are there already."),
            _header("Upload-Checksum", "`sha1` or `sha256`, and the digest in base64.", False),
        ],
        request={BODY: OpenApiTypes.BINARY},
        responses={
            204: STATE,
            **problems(400, 403, 404, 409, 410, 411, 412, 413, 415, 422, 423, 460),
        },
    )
    def patch(self, request: Request, partial_id: UUID) -> Response:
        partial = selectors.partial_for(request, partial_id, Action.EDIT)
        if request.content_type != BODY:
            raise UnsupportedMediaType(request.content_type)
        offset = resuming.append(
            partial=partial,
            offset=_number(request, "Upload-Offset"),
            body=request,
            length=int(request.META.get("CONTENT_LENGTH") or 0),
            checksum=_checksum(request),
        )
        return Response(status=204, headers=_state(partial, offset))

    @extend_schema(
        operation_id="tus_delete",
        summary="Give up a resumable upload",
        tags=["data"],
        parameters=[RESUMABLE],
        request=None,
        responses={204: None, **problems(403, 404, 412)},
    )
    def delete(self, request: Request, partial_id: UUID) -> Response:
        resuming.remove(partial=selectors.partial_for(request, partial_id, Action.EDIT))
        return Response(status=204)


def _state(partial: PartialUpload, offset: int) -> dict[str, str]:
    headers = {"Upload-Offset": str(offset), **_expires(partial)}
    if partial.ended_at and not partial.problem:
        headers["Attune-Location"] = partial.location
    return headers


def _expires(partial: PartialUpload) -> dict[str, str]:
    return {"Upload-Expires": http_date(partial.expires_at.timestamp())}


def _number(request: Request, header: str) -> int:
    text = request.headers.get(header, "")
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise Problem("upload.header", header=header, kind=BYTES, found=text[:40])
    return int(text)


def _metadata(text: str) -> dict[str, str]:
    """`filename bXkuY3N2,role dGVzdA==` -> {"filename": "my.csv", "role": "test"}."""
    try:
        if len(text) > METADATA_LIMIT or not text.isascii():
            raise ValueError
        pairs = [pair.strip().partition(" ") for pair in text.split(",") if pair.strip()]
        return {key: b64decode(value, validate=True).decode() for key, _space, value in pairs}
    except ValueError:
        raise Problem("upload.header", header="Upload-Metadata", kind=PAIRS, found=text[:40])


def _checksum(request: Request) -> resuming.Checksum | None:
    text = request.headers.get("Upload-Checksum", "")
    if not text:
        return None
    algorithm, _space, value = text.partition(" ")
    try:
        if algorithm not in resuming.ALGORITHMS:
            raise ValueError
        return resuming.Checksum(algorithm, b64decode(value, validate=True))
    except ValueError:
        raise Problem("upload.header", header="Upload-Checksum", kind=DIGEST, found=text[:40])
