"""Questions put to the database all the time: their SQL is made once, since making it costs more than asking."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import QuerySet


@dataclass(frozen=True)
class _Made:
    connection: Any
    sql: str
    params: list[Callable[[Sequence[Any]], Any]]  # of what is given, in the order of the SQL
    compiler: Any
    converters: Any


class Question:
    """`make(*samples)` is a queryset with values_list(): plain fields, then expressions. It is made once a thread, in
    the thread's own connection, and `ask` puts other values in place of the samples, which must differ from each other
    and from anything else in the query. Samples are UUIDs, datetimes and strings.
    """

    def __init__(self, make: Callable[..., QuerySet[Any, Any]], *samples: Any) -> None:
        self._make, self._samples = make, samples
        self._here = threading.local()

    def ask(self, *given: Any) -> list[tuple[Any, ...]]:
        connection = connections[DEFAULT_DB_ALIAS]
        made: _Made | None = getattr(self._here, "made", None)
        if made is None or made.connection is not connection:
            made = self._here.made = self._compiled(connection)
        with connection.cursor() as cursor:
            cursor.execute(made.sql, [param(given) for param in made.params])
            rows = cursor.fetchall()
        return [tuple(row) for row in made.compiler.apply_converters(rows, made.converters)]

    def _compiled(self, connection: Any) -> _Made:
        compiler = self._make(*self._samples).query.get_compiler(connection=connection)
        sql, params = compiler.as_sql()
        fields = [column[0] for column in compiler.select[: compiler.col_count]]
        converters = compiler.get_converters(fields)
        found = [_param(value, self._samples, connection) for value in params]
        return _Made(connection, sql, found, compiler, converters)


def _param(value: Any, samples: Sequence[Any], connection: Any) -> Callable[[Sequence[Any]], Any]:
    """How what stands in the query comes from what is given; what comes from no sample stands there always."""
    for place, sample in enumerate(samples):
        for form in _forms(sample, connection):
            if form(sample) == value:
                return lambda given, place=place, form=form: form(given[place])  # type: ignore[misc]
    return lambda _given: value


def _forms(sample: Any, connection: Any) -> list[Callable[[Any], Any]]:
    """In which a database may want such a value."""
    if isinstance(sample, UUID):
        return [lambda value: value, lambda value: value.hex]
    if isinstance(sample, datetime):
        return [connection.ops.adapt_datetimefield_value]
    return [lambda value: value]
