"""Downloads of a version's rows: the menu, and the body that both the page and the API send."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import StreamingHttpResponse
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts.audit import record
from projects.datasets.models import DatasetVersion
from projects.datasets.selectors import SPLITS, version_file
from training import exports
from training import version as versions
from training.exports import Export
from training.problems import Problem
from web.streams import parts

SAFE = {"1": True, "true": True, "0": False, "false": False}


@dataclass(frozen=True)
class Item:
    """One line of the menu."""

    title: str
    ending: str
    url: str
    last: bool = False  # of those that keep everything


def menu(version: DatasetVersion) -> list[Item]:
    """What keeps everything comes first; a sheet is there for spreadsheets, and as it stands for programs."""
    known = exports.fitting(versions.columns(version_file(version))[0])
    whole = [item for export in known if export.whole for item in _items(version, export)]
    whole[-1] = Item(whole[-1].title, whole[-1].ending, whole[-1].url, last=True)
    return whole + [
        item for export in known if not export.whole for item in _items(version, export)
    ]


def _items(version: DatasetVersion, export: Export) -> list[Item]:
    title = _(export.title)
    if not export.sheet:
        return [Item(title, export.ending, _url(version, format=export.name))]
    sheet = _("%(format)s for spreadsheets") % {"format": title}
    plain = _("%(format)s, every cell as it stands") % {"format": title}
    return [
        Item(sheet, export.ending, _url(version, format=export.name)),
        Item(plain, export.ending, _url(version, format=export.name, safe="0")),
    ]


def _url(version: DatasetVersion, **query: str) -> str:
    project = version.project
    ids = [project.workspace.slug, project.pk, version.pk]
    return f"{reverse('version-export', args=ids)}?{urlencode(query)}"


def response(version: DatasetVersion, asked: Mapping[str, str]) -> StreamingHttpResponse:
    """The file as `asked` has it: format, safe, split. Raises Problem(`spec.choice`, `version.broken`)."""
    path = version_file(version)
    export = exports.chosen(path, asked.get("format") or "csv")
    safe = SAFE.get(_choice(asked, "safe", tuple(SAFE)))
    split = _choice(asked, "split", SPLITS)
    text = exports.pieces(path, export, safe=safe, split=split)
    name = f"{slugify(version.project.name, allow_unicode=True) or 'data'}-v{version.number}"
    name += f"-{split}{export.ending}" if split else export.ending
    headers = {"Content-Disposition": content_disposition_header(True, name) or "attachment"}
    kind = f"{export.media}; charset=utf-8"
    record(version.project.workspace, "data.downloaded", about=name, project=version.project.name)
    return StreamingHttpResponse(parts(text), content_type=kind, headers=headers)


def _choice(asked: Mapping[str, str], field: str, known: tuple[str, ...]) -> str:
    value = asked.get(field, "")
    if value and value not in known:
        raise Problem("spec.choice", field=field, value=value[:40], choices=", ".join(known))
    return value
