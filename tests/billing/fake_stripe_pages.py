"""The server of the fake of Stripe, with a Checkout and a customer portal to click on; it tells the site of events.

    python -m tests.billing.fake_stripe_pages --port 9399 --key sk_test_fake --secret whsec_fake \
        --webhook http://127.0.0.1:8000/billing/stripe/

The site is led to it by ATTUNE_STRIPE_API=http://127.0.0.1:9399. Of card numbers, 4242 4242 4242 4242 pays and
4000 0000 0000 0002 is declined, as with Stripe's own test cards.
"""

from __future__ import annotations

import argparse
import html
import json
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.billing.fake_stripe import FakeStripe, Form, unfold

GOOD, DECLINED = "4242 4242 4242 4242", "4000 0000 0000 0002"
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,"><body><main>
<h1>{title}</h1><p role="status">{state}</p>
<form method="post"><label>Card number <input name="number" inputmode="numeric" required></label>
<button>{button}</button></form><p><a href="{back}">Back</a></p></main></body></html>"""


def written(amount: int, currency: str) -> str:
    """Of a currency with two decimals."""
    return f"{amount // 100}.{amount % 100:02} {currency.upper()}"


class Handler(BaseHTTPRequestHandler):
    fake: FakeStripe

    def do_GET(self) -> None:
        kind, key = self._place()
        if kind == "pay":
            return self._checkout(key)
        if kind == "portal":
            return self._portal(key)
        return self._api({})

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        pairs = parse_qsl(sent, keep_blank_values=True)
        kind, key = self._place()
        if kind == "pay":
            return self._pay(key, dict(pairs)["number"])
        if kind == "portal":
            return self._change_card(key, dict(pairs)["number"])
        return self._api(unfold(pairs))

    def _place(self) -> tuple[str, str]:
        parts = urlsplit(self.path).path.split("/")
        return (parts[1], parts[2]) if len(parts) > 2 else ("", "")

    def _checkout(self, key: str, said: str = "") -> None:
        session = self.fake.objects[key]
        amount = written(session["amount_total"], session["currency"])
        told = {"state": said or f"This page is {session['status']}.", "button": f"Pay {amount}"}
        self._page(title=f"Pay {amount}", back=session.get("cancel_url", "#"), **told)

    def _pay(self, key: str, number: str) -> None:
        self.fake.declines = not _is(number, GOOD)
        session = self.fake.pay(key)
        self.fake.declines = False
        if session["status"] == "complete":
            return self._redirect(session["success_url"])
        return self._checkout(key, "Your card was declined. Try another card.")

    def _portal(self, key: str, said: str = "") -> None:
        back = self.fake.objects[key]["return_url"]
        told = {"state": said or "The card that is charged.", "button": "Use this card"}
        self._page(title="Your card", back=back, **told)

    def _change_card(self, key: str, number: str) -> None:
        if not _is(number, GOOD):
            return self._portal(key, "Your card was declined. Try another card.")
        return self._redirect(self.fake.change_card(key)["return_url"])

    def _page(self, **values: str) -> None:
        text = PAGE.format(**{name: html.escape(value) for name, value in values.items()})
        self._send(200, text.encode(), "text/html; charset=utf-8")

    def _redirect(self, url: str) -> None:
        self.send_response(303)
        self.send_header("Location", url)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _api(self, form: Form) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        status, body = self.fake.answer(self.command, urlsplit(self.path).path, form, headers)
        self._send(status, json.dumps(body).encode(), "application/json")

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


def _is(number: str, known: str) -> bool:
    return number.replace(" ", "") == known.replace(" ", "")


def serve(port: int, fake: FakeStripe, webhook: str = "") -> ThreadingHTTPServer:
    """A server on loopback; it posts every event to `webhook`, in a thread, as Stripe does: soon, not at once. Without
    a webhook the events wait in `fake.events`."""
    handler = type("Bound", (Handler,), {"fake": fake})
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    fake.url = f"http://127.0.0.1:{server.server_port}"
    if webhook:
        fake.deliver = lambda body, signature: _later(webhook, body, signature)
    return server


def _later(url: str, body: bytes, signature: str) -> int:
    threading.Thread(target=_again_and_again, args=(url, body, signature), daemon=True).start()
    return 0


def _again_and_again(url: str, body: bytes, signature: str) -> None:
    """As Stripe does, until it is answered with 2xx."""
    for wait in (0.2, 1, 2, 4, 8):
        time.sleep(wait)
        try:
            post(url, body, signature)
        except OSError:
            continue
        return


def post(url: str, body: bytes, signature: str) -> Any:
    """One event; what the site answers. Raises OSError where that is no 2xx."""
    sent = {"Content-Type": "application/json", "Stripe-Signature": signature}
    with urllib.request.urlopen(urllib.request.Request(url, body, sent), timeout=20) as answer:
        return json.load(answer)


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--port", type=int, default=9399)
    asked.add_argument("--key", default="sk_test_fake")
    asked.add_argument("--secret", default="whsec_fake")
    asked.add_argument("--webhook", default="")
    given = asked.parse_args()
    serve(given.port, FakeStripe(given.key, given.secret), given.webhook).serve_forever()


if __name__ == "__main__":
    main()
