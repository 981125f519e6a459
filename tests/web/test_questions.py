"""A question whose SQL is made once says what the queryset says, for whatever is asked."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connections
from django.db.models import F, QuerySet
from django.utils import timezone

from accounts.models import User
from web.questions import Question

BEFORE = datetime(2001, 2, 3, tzinfo=UTC)


def asked(pk: UUID, email: str, since: datetime) -> QuerySet[User, Any]:
    found = User.objects.filter(pk=pk, email=email, date_joined__gt=since, is_active=True)
    return found.values_list("pk", "date_joined", F("email"))


def test_it_says_what_the_queryset_says(
    alice: User, bob: User, django_assert_num_queries: Any
) -> None:
    question = Question(asked, UUID(int=1), "an address", BEFORE)
    now, day = timezone.now(), timedelta(days=1)
    for given in [
        (alice.pk, alice.email, now - day),
        (bob.pk, bob.email, now - day),
        (alice.pk, bob.email, now - day),
        (alice.pk, alice.email, now + day),
    ]:
        expected = list(asked(*given))
        with django_assert_num_queries(1):
            assert question.ask(*given) == expected
    assert question.ask(bob.pk, bob.email, BEFORE) == [(bob.pk, bob.date_joined, bob.email)]


def test_each_thread_has_its_own() -> None:
    """SQL, and what turns rows into values, belong to a connection, which belongs to a thread."""
    question = Question(asked, UUID(int=1), "an address", BEFORE)
    made: list[Any] = []

    def look() -> None:
        made.append(question._compiled(connections["default"]).connection)

    for thread in [threading.Thread(target=look) for _number in range(2)]:
        thread.start()
        thread.join()
    assert made[0] is not made[1]
