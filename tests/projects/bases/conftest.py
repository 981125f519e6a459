"""An operator, and jobs without a queue."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import User


@pytest.fixture
def operator(db: None) -> User:
    return User.objects.create_superuser("operator@example.org")


@pytest.fixture
def client(operator: User) -> Client:
    client = Client()
    client.force_login(operator, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client
