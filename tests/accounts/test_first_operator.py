"""The one-time link that makes the first operator."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.first_operator import LinkUsed, is_valid, make_operator
from accounts.models import OperatorLink, User
from accounts.services import operator_link

FORM = {"email": "operator@example.org", "password": "a long enough secret"}


def secret_of(link: str) -> Any:
    return link.rstrip("/").rpartition("/")[2]


@pytest.fixture
def link(db: None) -> Any:
    return operator_link()


def test_it_works(client: Client, link: str) -> None:
    assert client.get(link).status_code == 200
    response = client.post(link, FORM)
    assert response.status_code == 302
    user = User.objects.get()
    assert (user.email, user.is_staff, user.is_superuser) == ("operator@example.org", True, True)
    assert user.check_password(FORM["password"])
    assert user.workspaces.count() == 1
    assert client.session["_auth_user_id"] == str(user.pk)
    assert client.get("/admin/").status_code == 200


def test_it_carries_the_address_it_is_given(db: None) -> None:
    assert operator_link("http://localhost:8000/").startswith("http://localhost:8000/operator/")


def test_the_secret_is_stored_as_a_hash(link: str) -> None:
    assert secret_of(link) not in str(OperatorLink.objects.values().get())


def test_there_is_none_once_there_is_an_operator(client: Client, link: str) -> None:
    client.post(link, FORM)
    assert operator_link() == ""


def test_it_works_once(client: Client, link: str) -> None:
    client.post(link, FORM)
    client.logout()
    assert client.get(link).status_code == 404
    other = {"email": "eve@example.org", "password": "a long enough secret"}
    assert client.post(link, other).status_code == 404
    assert User.objects.count() == 1


def test_a_newer_link_replaces_it(client: Client, link: str) -> None:
    newer = operator_link()
    assert client.get(link).status_code == 404
    assert client.get(newer).status_code == 200


def test_it_expires(client: Client, link: str) -> None:
    OperatorLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert client.get(link).status_code == 404
    assert client.post(link, FORM).status_code == 404
    assert not User.objects.exists()


def test_a_guess_is_not_found(client: Client, link: str) -> None:
    assert client.get("/operator/guess/").status_code == 404


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"email": "not an address"}, "valid email"),
        ({"email": ""}, "required"),
        ({"password": "short"}, "too short"),
        ({"password": "password123"}, "too common"),
        ({"password": "operator@example.org"}, "too similar"),
    ],
)
def test_it_says_what_is_wrong_and_the_link_stays_good(
    client: Client, link: str, change: Any, says: Any
) -> None:
    response = client.post(link, FORM | change)
    assert response.status_code == 422
    assert says in response.content.decode()
    assert not User.objects.exists()
    assert is_valid(secret_of(link))


def test_it_does_not_take_over_an_account(client: Client, link: str) -> None:
    User.objects.create_user("operator@example.org", "her own password")
    response = client.post(link, FORM | {"email": "Operator@Example.org"})
    assert response.status_code == 422
    assert not User.objects.filter(is_superuser=True).exists()


def test_somebody_signed_in_becomes_it(alice_client: Client, alice: User, link: str) -> None:
    assert alice_client.get(link).status_code == 200
    assert alice_client.post(link).status_code == 302
    alice.refresh_from_db()
    assert alice.is_superuser
    assert alice.is_staff


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_wins() -> None:
    secret = secret_of(operator_link())
    barrier, won, lost = threading.Barrier(6), [], []

    def use(number: int) -> None:
        try:
            barrier.wait()
            won.append(make_operator(secret=secret, user=None, email=f"o{number}@example.org"))
        except LinkUsed:
            lost.append(number)
        finally:
            connection.close()

    threads = [threading.Thread(target=use, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(won), len(lost)) == (1, 5)
    assert User.objects.count() == 1
