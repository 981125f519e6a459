"""The site as an ASGI application: short answers to what is asked all the time, the guard of bodies, and Django."""

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
from config.express import Express  # noqa: E402
from config.guard import Guard  # noqa: E402
from notify import polling as bell  # noqa: E402
from projects.runs import polling as runs  # noqa: E402

application = Express(Guard(_django), {runs.PATHS: runs.quick, bell.PATHS: bell.quick})
