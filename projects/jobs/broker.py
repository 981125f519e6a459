"""The queue's broker: a lease that is renewed while a task runs, and no prefetch."""

from django_q.brokers.orm import ORM


class LeaseBroker(ORM):
    pass
