"""Reads settings from the environment. A wrong value is named, with what was expected, and stops the start."""

from __future__ import annotations

import warnings
from collections.abc import Collection
from pathlib import Path
from typing import Any, TypeAlias

import environ
from django.core.exceptions import ImproperlyConfigured

YES = ("true", "yes", "on", "y", "ok", "1", "t")
NO = ("false", "no", "off", "n", "0", "f", "")
# The class has methods of these names.
Text: TypeAlias = str
Whole: TypeAlias = int
Truth: TypeAlias = bool


class Env(environ.Env):
    """environ's, which takes any word that it does not know for a no and shows a traceback for a wrong number."""

    def str(self, name: Text, default: Text = "", *, among: Collection[Text] = ()) -> Text:
        value = Text(super().str(name, default=default))
        if among and value not in among:
            few = (
                ", ".join(sorted(among))
                if len(among) < 10
                else f"the known names, such as {default}"
            )
            raise _wrong(name, value, f"one of {few}")
        return value

    def int(self, name: Text, default: Whole, *, least: Whole = 1) -> Whole:
        value = self.str(name, Text(default))
        try:
            number = Whole(value)
        except ValueError:
            number = least - 1
        if number < least:
            raise _wrong(name, value, f"a whole number of {least} or more")
        return number

    def days(self, name: Text, default: list[Whole]) -> list[Whole]:
        """Whole numbers of days between commas; none at all is a choice as well."""
        parts = [part.strip() for part in self.str(name, ",".join(map(Text, default))).split(",")]
        if not all(part.isdecimal() for part in parts if part):
            raise _wrong(name, ",".join(parts), "whole numbers of days between commas")
        return [Whole(part) for part in parts if part]

    def bool(self, name: Text, default: Truth) -> Truth:
        value = self.str(name, "yes" if default else "no").strip().lower()
        if value not in (*YES, *NO):
            raise _wrong(name, value, "yes or no")
        return value in YES

    def folder(self, name: Text, default: Path) -> Path:
        """Made where it is not there yet."""
        path = Path(self.str(name, Text(default))).resolve()
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            expected = "a folder that is there or can be made"
            raise _wrong(name, f"{path} ({error.strerror})", expected) from None
        return path

    # An address may hold a password: what was found is not shown.

    def db_url(self, name: Text, default: Text) -> dict[Text, Any]:
        """As Django wants it in DATABASES."""
        try:
            with warnings.catch_warnings(action="ignore"):
                found = dict(super().db_url(name, default=default))
        except (ValueError, KeyError, ImproperlyConfigured):
            found = {}
        if not found.get("ENGINE"):
            expected = "postgres://USER:PASSWORD@HOST:PORT/NAME or sqlite:///FILE"
            raise _wrong(name, "another form", expected)
        return found

    def email_url(self, name: Text, default: Text) -> dict[Text, Any]:
        """The settings EMAIL_… of Django."""
        try:
            return dict(super().email_url(name, default=default))
        except (ValueError, KeyError, ImproperlyConfigured):
            raise _wrong(name, "another form", "smtp+tls://USER:PASSWORD@HOST:PORT") from None


def _wrong(name: str, found: str, expected: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"{name}: expected {expected}, found {found}.")
