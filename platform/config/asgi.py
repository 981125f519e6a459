"""The site as an ASGI application: the guard of request bodies, and Django behind it."""

import os
import sys
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.core.asgi import get_asgi_application

# Django's own types of an ASGI application are narrower than the protocol.
_django: Any = get_asgi_application()

# Imported after Django is set up: it uses models.
from config.guard import Guard  # noqa: E402

application = Guard(_django)
