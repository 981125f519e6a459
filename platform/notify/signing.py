"""How a receiver knows that a message is ours: the scheme of Standard Webhooks (https://www.standardwebhooks.com).

Three headers: `webhook-id` (the same for every try), `webhook-timestamp` (seconds since 1970), and `webhook-signature`:
`v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`. Libraries that check it exist for most languages.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode, b64encode
from typing import Any

from django.core import signing
from django.utils.crypto import salted_hmac

from notify.models import Webhook

PREFIX = "whsec_"
OFF = "notify.off"


def secret(webhook: Webhook) -> str:
    """Derived from the site's secret key, so that a copy of the database does not give it away."""
    value = f"{webhook.pk}:{webhook.generation}"
    return (
        PREFIX
        + b64encode(salted_hmac("notify.webhook", value, algorithm="sha256").digest()).decode()
    )


def headers(secret: str, message: str, at: int, body: bytes) -> dict[str, str]:
    """`message` is the id, `at` the time in seconds since 1970."""
    signature = f"v1,{sign(secret, message, at, body)}"
    return {"webhook-id": message, "webhook-timestamp": str(at), "webhook-signature": signature}


def sign(secret: str, message: str, at: int, body: bytes) -> str:
    key = b64decode(secret.removeprefix(PREFIX))
    signed = f"{message}.{at}.".encode() + body
    return b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def off_token(user: Any, topic: str) -> str:
    """For the link that ends mail of a topic. It stays good: mail lies about for years."""
    return signing.dumps([str(user.pk), topic], salt=OFF)


def read_off_token(token: str) -> tuple[str, str] | None:
    """(id of the user, topic); None for one that is not ours."""
    try:
        user, topic = signing.loads(token, salt=OFF)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return str(user), str(topic)
