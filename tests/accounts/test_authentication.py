"""API tokens in the header; every wrong token gets the same answer."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.test import APIRequestFactory

from accounts.authentication import TokenAuthentication
from accounts.models import ApiToken, Member, User, Workspace
from accounts.services import create_token, revoke_token


def authenticate(header: Any) -> Any:
    headers = {} if header is None else {"HTTP_AUTHORIZATION": header}
    return TokenAuthentication().authenticate(APIRequestFactory().get("/", **headers))


@pytest.fixture
def token(alice: User, workspace: Workspace) -> Any:
    return create_token(workspace=workspace, user=alice, name="test")


@pytest.mark.parametrize("scheme", ["Bearer", "Token", "bearer"])
def test_it_works(alice: User, token: Any, scheme: str) -> None:
    assert authenticate(f"{scheme} {token[1]}") == (alice, token[0])


@pytest.mark.parametrize("header", [None, "", "Basic YTpi", "att_x"])
def test_it_leaves_other_ways_of_signing_in_alone(db: None, header: Any) -> None:
    assert authenticate(header) is None


def refuse(header: Any) -> Any:
    with pytest.raises(AuthenticationFailed) as caught:
        authenticate(header)
    assert caught.value.status_code == 401
    return str(caught.value.detail)


def wrong(token: Any, text: str) -> Any:
    return f"{text[:-1]}{'a' if text[-1] != 'a' else 'b'}"


BREAK = {
    "wrong secret": wrong,
    "unknown prefix": lambda token, text: f"att_{'0' * 48}",
    "too long": lambda token, text: text + "0" * 10_000,
    "two in one": lambda token, text: f"{text}, Bearer {text}",
    "not ascii": lambda token, text: text[:-1] + "é",
    "empty": lambda token, text: "",
    "revoked": lambda token, text: revoke_token(token=token) or text,
    "expired": lambda token, text: change(token, expires_at=timezone.now()) or text,
    "deactivated user": lambda token, text: deactivate(token.created_by) or text,
    "former member": lambda token, text: leave(token) or text,
}


def change(token: Any, **fields: Any) -> None:
    ApiToken.objects.filter(pk=token.pk).update(**fields)


def deactivate(user: Any) -> None:
    user.is_active = False
    user.save()


def leave(token: Any) -> None:
    Member.objects.filter(workspace=token.workspace, user=token.created_by).delete()


@pytest.mark.parametrize("kind", BREAK)
def test_every_wrong_token_gets_the_same_answer(token: Any, kind: Any) -> None:
    header = f"Bearer {BREAK[kind](*token)}"
    assert refuse(header) == "This API token is not valid."


def test_a_token_that_expires_later_is_good(alice: User, workspace: Workspace) -> None:
    later = timezone.now() + timedelta(minutes=1)
    _row, text = create_token(workspace=workspace, user=alice, name="x", expires_at=later)
    assert authenticate(f"Bearer {text}")


def test_it_notes_its_use_once_a_minute(token: Any, django_assert_num_queries: Any) -> None:
    row, text = token
    with django_assert_num_queries(2):  # read, note
        authenticate(f"Bearer {text}")
    first = ApiToken.objects.get().last_used_at
    assert first is not None
    with django_assert_num_queries(1):
        authenticate(f"Bearer {text}")
    change(row, last_used_at=first - timedelta(seconds=61))
    authenticate(f"Bearer {text}")
    assert ApiToken.objects.get().last_used_at >= first


def test_a_wrong_token_is_not_noted(token: Any) -> None:
    refuse(f"Bearer {wrong(*token)}")
    assert ApiToken.objects.get().last_used_at is None


def test_the_answer_over_http_is_401_and_names_the_scheme(client: Client, token: Any) -> None:
    for text in (wrong(*token), f"att_{'0' * 48}"):
        response = client.get("/api/v1/schema/", headers={"Authorization": f"Bearer {text}"})
        assert response.status_code == 401
        assert response["WWW-Authenticate"].startswith("Bearer")


def test_the_schema_describes_it(client: Client, db: None) -> None:
    schema = client.get("/api/v1/schema/", headers={"accept": "application/json"}).json()
    assert schema["components"]["securitySchemes"]["apiToken"]["scheme"] == "bearer"
