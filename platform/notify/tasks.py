"""What the queue calls, by name. Nobody imports this module."""

from __future__ import annotations

from notify import sending, spreading


def spread(news_id: str) -> None:
    spreading.spread(news_id)


def deliver(delivery_id: str) -> None:
    sending.deliver(delivery_id)


def sweep() -> None:
    spreading.sweep()
