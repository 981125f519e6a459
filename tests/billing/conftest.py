"""What the tests of plans and payment share."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import User


@pytest.fixture
def admin(db: None) -> Client:
    """An operator in the admin."""
    operator = User.objects.create_superuser("operator@example.org", "secret")
    client = Client()
    client.force_login(operator, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client
