"""The settings of an organisation's sign-on, as allauth wants them."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from django.core.exceptions import ImproperlyConfigured

PROVIDERS = "allauth.socialaccount.providers."


def providers(
    name: str, *, oidc: str, client: str, secret: str, saml: str, entity: str
) -> tuple[dict[str, Any], list[str]]:
    """(SOCIALACCOUNT_PROVIDERS, apps to install). Raises ImproperlyConfigured, which names what is missing."""
    found: dict[str, Any] = {}
    if oidc:
        _need("ATTUNE_OIDC_URL", "ATTUNE_OIDC_CLIENT", client)
        _need("ATTUNE_OIDC_URL", "ATTUNE_OIDC_SECRET", secret)
        _need_package("ATTUNE_OIDC_URL", "jwt", "sso")
        found["openid_connect"] = _oidc(name, oidc, client, secret)
    if saml:
        _need("ATTUNE_SAML_METADATA", "ATTUNE_SAML_ENTITY", entity)
        _need_package("ATTUNE_SAML_METADATA", "onelogin", "saml")
        found["saml"] = _saml(name, saml, entity)
    return found, [PROVIDERS + provider for provider in found]


def _oidc(name: str, url: str, client: str, secret: str) -> dict[str, Any]:
    app = {
        "provider_id": "sso",
        "name": name,
        "client_id": client,
        "secret": secret,
        "settings": {"server_url": url},
    }
    return {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}


def _saml(name: str, metadata: str, entity: str) -> dict[str, Any]:
    mail = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress"
    app = {
        "provider_id": entity,
        "name": name,
        "client_id": "sso",
        "settings": {
            "idp": {"entity_id": entity, "metadata_url": metadata},
            "attribute_mapping": {"email": [mail, "email", "mail"], "uid": [mail, "email", "mail"]},
            "email_verified": True,
            "advanced": {"strict": True, "want_assertion_signed": True},
        },
    }
    return {"APPS": [app]}


def _need(given: str, name: str, value: str) -> None:
    if not value:
        raise ImproperlyConfigured(f"{given} is set; {name} is needed with it.")


def _need_package(given: str, module: str, extra: str) -> None:
    if find_spec(module) is None:
        raise ImproperlyConfigured(
            f"{given} is set; install the extra: pip install attune[{extra}]"
        )
