"""A site whose people sign on with SAML, and the provider that vouches for them: what came of each answer, as JSON.

    python saml_site.py HOME

Settings of the sign-on are read when a site starts, so that this is a process of its own.
"""

from __future__ import annotations

import base64
import json
import os
import re
import sys
import threading
import zlib
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

ENTITY, SIGN_ON = "https://id.acme.org/meta", "https://id.acme.org/sso"
PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password"
MAIL = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"


def key_and_certificate() -> tuple[str, str]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "id.acme.org")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    encoding, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    secret = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain)
    return secret.decode(), made.sign(key, hashes.SHA256()).public_bytes(encoding).decode()


KEY, CERTIFICATE = key_and_certificate()
METADATA = f"""<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{ENTITY}">
<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><KeyDescriptor use="signing">
<KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>
{"".join(line for line in CERTIFICATE.splitlines() if "CERT" not in line)}
</X509Certificate></X509Data></KeyInfo></KeyDescriptor><SingleSignOnService Location="{SIGN_ON}"
Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"/></IDPSSODescriptor></EntityDescriptor>"""


class Provider(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(METADATA.encode())

    def log_message(self, *args: Any) -> None:
        pass


def ready(home: str) -> None:
    server = HTTPServer(("127.0.0.1", 0), Provider)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    os.environ |= {
        "ATTUNE_HOME": home,
        "ATTUNE_SAML_METADATA": f"http://127.0.0.1:{server.server_port}/",
        "ATTUNE_SAML_ENTITY": ENTITY,
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    import django
    from django.conf import settings
    from django.core.management import call_command

    plain = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.STORAGES["staticfiles"] = {"BACKEND": plain}
    django.setup()
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)


class Visit:
    """From the click on the button to the provider; `answer` is what comes back from there."""

    def __init__(self) -> None:
        from django.test import Client

        self.client = Client(HTTP_HOST="localhost")
        page = self.client.get("/accounts/login/").content.decode()
        button = re.search(r'"(/accounts/saml/[^"]+)"', page)
        assert button, "no button"
        asked = parse_qs(urlsplit(self.client.get(button[1])["Location"]).query)
        self.state = asked["RelayState"][0] if "RelayState" in asked else ""
        request = zlib.decompress(base64.b64decode(asked["SAMLRequest"][0]), -15).decode()
        self.id, self.address, self.audience = (
            re.search(pattern, request)[1]  # type: ignore[index]
            for pattern in (r' ID="([^"]+)"', r'ServiceURL="([^"]+)"', r"Issuer>([^<]+)<")
        )

    def answer(self, mail: str, *, signed: bool = True, minutes: int = 0, **other: str) -> bool:
        """Whether somebody is signed in after it."""
        said = {"id": self.id, "audience": self.audience, **other}
        whole = self._response(self._assertion(mail, minutes, signed=signed, **said))
        sent = base64.b64encode(whole.encode()).decode()
        form = {"SAMLResponse": sent, "RelayState": self.state}
        self.client.post(urlsplit(self.address).path, form, follow=True)
        return "_auth_user_id" in self.client.session

    def _response(self, assertion: str) -> str:
        return f"""<p:Response xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" ID="_response" Version="2.0"
            IssueInstant="{moment(0)}" Destination="{self.address}" InResponseTo="{self.id}"><s:Issuer
            xmlns:s="urn:oasis:names:tc:SAML:2.0:assertion">{ENTITY}</s:Issuer><p:Status><p:StatusCode
            Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></p:Status>{assertion}</p:Response>"""

    def _assertion(self, mail: str, minutes: int, *, signed: bool, id: str, audience: str) -> str:
        from onelogin.saml2.utils import OneLogin_Saml2_Utils

        begin, end = moment(minutes - 5), moment(minutes + 5)
        text = f"""<s:Assertion xmlns:s="urn:oasis:names:tc:SAML:2.0:assertion" ID="_assertion" Version="2.0"
            IssueInstant="{moment(minutes)}"><s:Issuer>{ENTITY}</s:Issuer>
            <s:Subject><s:NameID Format="{MAIL}">{mail}</s:NameID>
            <s:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><s:SubjectConfirmationData
            NotOnOrAfter="{end}" Recipient="{self.address}" InResponseTo="{id}"/></s:SubjectConfirmation></s:Subject>
            <s:Conditions NotBefore="{begin}" NotOnOrAfter="{end}">
            <s:AudienceRestriction><s:Audience>{audience}</s:Audience></s:AudienceRestriction></s:Conditions>
            <s:AuthnStatement AuthnInstant="{moment(minutes)}" SessionIndex="_1"><s:AuthnContext>
            <s:AuthnContextClassRef>{PASSWORD}</s:AuthnContextClassRef></s:AuthnContext></s:AuthnStatement>
            <s:AttributeStatement><s:Attribute Name="email"><s:AttributeValue>{mail}</s:AttributeValue></s:Attribute>
            </s:AttributeStatement></s:Assertion>"""
        if not signed:
            return text
        made = OneLogin_Saml2_Utils.add_sign(text, KEY, CERTIFICATE)
        return made.decode() if isinstance(made, bytes) else str(made)


def moment(minutes: int) -> str:
    return (datetime.now(UTC) + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


def main() -> None:
    ready(sys.argv[1])
    from accounts.models import User

    found: dict[str, Any] = {
        "unsigned": Visit().answer("mallory@acme.org", signed=False),
        "of another request": Visit().answer("mallory@acme.org", id="_another"),
        "for another site": Visit().answer("mallory@acme.org", audience="https://other.org"),
        "an hour old": Visit().answer("mallory@acme.org", minutes=-60),
        "as it should be": Visit().answer("ada@acme.org"),
        "once more": Visit().answer("ada@acme.org"),
    }
    found["people"] = [user.email for user in User.objects.all()]
    found["workspaces"] = [user.workspaces.count() for user in User.objects.all()]
    Path(sys.argv[1], "found.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main()
