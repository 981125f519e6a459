#!/usr/bin/env python3
"""Attune's management commands: puts platform/ on the import path, then hands over to Django."""

import os
import sys
from pathlib import Path


def main() -> None:
    # Appended, and platform/ has no __init__.py: the standard library's `platform` stays reachable.
    sys.path.append(str(Path(__file__).resolve().parent / "platform"))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as wrong:
        sys.exit(f"Attune cannot start. {wrong}")


if __name__ == "__main__":
    main()
