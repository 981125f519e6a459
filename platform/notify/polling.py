"""What the bell of a page is answered while there are no new notifications."""

from __future__ import annotations

import re
from collections.abc import Mapping
from uuid import UUID

from django.http import QueryDict

from notify.selectors import unread_count

# Answered ahead of Django while nothing is new: see config.express.
PATHS = re.compile(r"/notifications/new\.json")


def quick(user: UUID, named: Mapping[str, str], query: QueryDict) -> Mapping[str, str] | None:
    """No headers; None: the number is another one."""
    return {} if same(unread_count(user), query) else None


def same(count: int, query: QueryDict) -> bool:
    return query.get("unread") == str(count)
