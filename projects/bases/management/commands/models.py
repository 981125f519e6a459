"""`manage.py models list | add | verify`: the base models on this machine."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from projects.bases.selectors import lines
from projects.jobs.launcher import launch
from training import catalogue
from training.catalogue import Archive, Base, Folder, Hub, Part, Source, own
from training.problems import TABLE as PROBLEMS
from training.problems import Problem, fill

OWN = ("folder", "hub", "pip", "npm")


class Command(BaseCommand):
    help = "Lists the base models, puts one onto this machine, or checks one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="list | add | verify")
        verbs.add_parser("list", help="all base models and whether they are here")
        add = verbs.add_parser("add", help="install one, or enter one of your own")
        add.add_argument("base", nargs="?", default="", help="id of a base model of the list")
        add.add_argument("--folder", default="", help="your own: its folder, or that in a package")
        add.add_argument("--pip", default="", metavar="NAME==VERSION", help="your own: a package")
        add.add_argument("--npm", default="", metavar="NAME@VERSION", help="your own: a package")
        add.add_argument("--hub", default="", metavar="OWNER/NAME", help="your own: of a model hub")
        add.add_argument("--sha256", default="", help="of the package's archive")
        add.add_argument("--id", default="", help="by which your own is called")
        add.add_argument("--title", default="", help="its name on pages")
        add.add_argument("--languages", default="en", help="such as en,zh; mul for very many")
        add.add_argument("--kind", default=catalogue.ENCODER, choices=catalogue.KINDS)
        add.add_argument("--licence", default="LicenseRef-unknown", help="SPDX")
        add.add_argument("--max-length", type=int, default=512, help="in tokens")
        verify = verbs.add_parser("verify", help="check its files, and let it answer")
        verify.add_argument("base", help="id of a base model")

    def handle(self, *args: Any, verb: str, **options: Any) -> None:
        try:
            getattr(self, f"_{verb}")(options)
        except Problem as problem:
            raise CommandError(_told(problem.code, problem.values)) from None

    def _list(self, options: dict[str, Any]) -> None:
        for line in lines():
            base = line.base
            state = "here" if line.here else {"archive": "package"}.get(line.origin, line.origin)
            self.stdout.write(
                f"{state:8} {base.id:26} {base.kind:8} {','.join(base.languages):12.12} "
                f"{base.parameters:7.1f} M {base.size / 1e6:7.0f} MB  {base.licence}"
            )

    def _add(self, options: dict[str, Any]) -> None:
        base_id = options["base"]
        if any(options[name] for name in OWN):
            base = _own(options)
            own.write(settings.BASES_DIR, base)
            base_id = base.id
        found = catalogue.find(base_id, settings.BASES_DIR)
        if catalogue.is_here(found, settings.BASES_DIR):
            self.stdout.write(
                f"{found.id} is here: {catalogue.locate(found.id, settings.BASES_DIR)}"
            )
        elif isinstance(found.source, Archive | Hub):
            self._child("install", found.id)
        else:
            catalogue.locate(found.id, settings.BASES_DIR)

    def _verify(self, options: dict[str, Any]) -> None:
        self._child("verify-base", options["base"])

    def _child(self, command: str, base: str) -> None:
        """Torch is the child's business; what it tells is shown."""
        with TemporaryDirectory() as folder:
            arguments = [command, base, "--out", str(settings.BASES_DIR)]
            child = launch(arguments, folder=Path(folder))
            try:
                for event in child.lines():
                    self._show(event or {})
            finally:
                child.stop()
            if child.returncode:
                raise CommandError(child.stderr or f"The process ended with {child.returncode}.")

    def _show(self, event: dict[str, Any]) -> None:
        name = event.get("event")
        if name == "progress":
            self.stdout.write(f"\r{event['progress']:4.0%}", ending="")
            self.stdout.flush()
        elif name == "installed":
            self.stdout.write(f"\r{event['base']} is installed: {event['folder']}")
        elif name == "answered":
            self.stdout.write(f"{event['base']}: {event['files']} files as installed")
            self.stdout.write(f"It answers: {event['answer']}")
        elif name == "problem":
            raise CommandError("\n" + _told(event["code"], event["values"]))


def _told(code: str, values: dict[str, Any]) -> str:
    entry = PROBLEMS[code]
    return "\n".join(
        fill(text, values) for text in (entry.title, entry.found, entry.expected, entry.remedy)
    )


def _own(options: dict[str, Any]) -> Base:
    """Raises Problem(`base.entry`)."""
    source = _source(options)
    folder = Path(options["folder"]) if isinstance(source, Folder) else None
    if folder is not None and (lost := catalogue.missing_files(folder)):
        raise Problem("base.broken", base=str(folder), base_id=options["id"], missing=lost)
    size = sum(path.stat().st_size for path in folder.rglob("*")) if folder else 0
    return Base(
        id=options["id"],
        title=options["title"] or options["id"],
        languages=tuple(options["languages"].split(",")),
        licence=options["licence"],
        parameters=round(size / 4e6, 1) or 100.0,
        size=size,
        source=source,
        max_length=options["max_length"],
        kind=options["kind"],
    )


def _source(options: dict[str, Any]) -> Source:
    for client in (catalogue.PIP, catalogue.NPM):
        if options[client]:
            part = Part(client, options[client], options["sha256"].lower())
            converter = "gguf" if options["folder"].endswith(".gguf") else "folder"
            return Archive((part,), converter, options["folder"])
    if options["hub"]:
        return Hub(options["hub"])
    return Folder(str(Path(options["folder"]).resolve()))
