"""A small Stripe for tests and demonstrations: what this product asks of it, as Stripe answers it.

It reads Stripe's form encoding, knows the parameters of each request and refuses others, keeps idempotency keys,
answers errors in Stripe's shape and signs its events. In tests it is called without a network (`client_of`); with
pages to click on, as a server of its own, see fake_stripe_pages.py.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Form = dict[str, Any]
META = {"metadata"}
# Path -> the parameters that it takes, and of those the ones that it needs.
TAKES: dict[str, tuple[set[str], set[str]]] = {
    "customers": ({"name", "email"} | META, set()),
    "checkout/sessions": (
        {"mode", "customer", "client_reference_id", "line_items", "payment_intent_data"}
        | {"success_url", "cancel_url"} | META,
        {"mode", "line_items", "success_url"},
    ),
    "payment_intents": (
        {"amount", "currency", "customer", "payment_method", "off_session", "confirm"}
        | {"description"} | META,
        {"amount", "currency"},
    ),
    "refunds": ({"payment_intent", "amount", "reason"} | META, {"payment_intent"}),
    "billing_portal/sessions": ({"customer", "return_url"}, {"customer"}),
}  # fmt: skip


class Refused(Exception):
    def __init__(self, status: int, kind: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"type": kind, "message": message, **more}}


def bad(message: str, status: int = 400, **more: Any) -> Refused:
    return Refused(status, "invalid_request_error", message, **more)


def unfold(pairs: list[tuple[str, str]]) -> Form:
    """Stripe's form encoding: a[b]=1 is {"a": {"b": "1"}}, a[0]=1 is {"a": {"0": "1"}}."""
    form: Form = {}
    for name, value in pairs:
        keys = re.findall(r"[^\[\]]+", name)
        place = form
        for key in keys[:-1]:
            place = place.setdefault(key, {})
        place[keys[-1]] = value
    return form


class FakeStripe:
    """One account. `deliver(body, signature)` is given every event as it happens; None: they wait in `events`."""

    def __init__(
        self,
        key: str = "sk_test_fake",
        secret: str = "whsec_fake",
        url: str = "http://stripe.test",
        deliver: Callable[[bytes, str], int] | None = None,
    ) -> None:
        self.key, self.secret, self.url, self.deliver = key, secret, url, deliver
        self.objects: dict[str, Form] = {}
        self.events: list[Form] = []
        self.declines = False  # every card, from now on
        self.asked: list[tuple[str, str, Form]] = []
        self._answers: dict[str, tuple[Any, int, Form]] = {}
        self._number = 0
        self._lock = threading.RLock()

    # --- the API --------------------------------------------------------------------------------------------------

    def answer(
        self, method: str, path: str, form: Form, headers: dict[str, str]
    ) -> tuple[int, Form]:
        with self._lock:
            try:
                return self._answer(method, path, form, headers)
            except Refused as refused:
                return refused.status, refused.body

    def _answer(
        self, method: str, path: str, form: Form, headers: dict[str, str]
    ) -> tuple[int, Form]:
        if headers.get("authorization") != f"Bearer {self.key}":
            raise Refused(401, "invalid_request_error", "Invalid API Key provided")
        self.asked.append((method, path, form))
        key = headers.get("idempotency-key", "")
        if key and key in self._answers and method == "POST":
            asked, status, body = self._answers[key]
            if asked != (path, form):
                said = "Keys for idempotent requests can only be used with the same parameters"
                raise Refused(400, "idempotency_error", said)
            return status, body
        try:
            status, body = 200, self._route(method, path, form)
        except Refused as refused:
            if refused.status == 402 and key:  # what was tried at the bank is kept, too
                self._answers[key] = ((path, form), 402, refused.body)
            raise
        if key:
            self._answers[key] = ((path, form), status, body)
        return status, body

    def _route(self, method: str, path: str, form: Form) -> Form:
        what = path.removeprefix("/v1/").strip("/")
        if method == "POST" and what in TAKES:
            self._check(what, form)
            made: Form = getattr(self, f"_make_{what.replace('/', '_')}")(form)
            return made
        parts = what.split("/")
        if method == "POST" and parts[-1] == "expire":
            return self._expire(self._get(parts[-2]))
        if method == "GET":
            return self._get(parts[-1])
        raise Refused(404, "invalid_request_error", f"Unrecognized request URL ({method}: {path})")

    def _check(self, what: str, form: Form) -> None:
        takes, needs = TAKES[what]
        for name in form:
            if name not in takes:
                raise bad(f"Received unknown parameter: {name}", code="parameter_unknown")
        for name in needs - set(form):
            raise bad(f"Missing required param: {name}.", code="parameter_missing")

    def _get(self, key: str) -> Form:
        if key not in self.objects:
            raise bad(f"No such object: '{key}'", 404, code="resource_missing")
        return self.objects[key]

    def _new(self, prefix: str, kind: str, **values: Any) -> Form:
        self._number += 1
        made = {"id": f"{prefix}_{self._number:08d}", "object": kind, "created": int(time.time())}
        made |= {"livemode": False, "metadata": {}, **values}
        self.objects[made["id"]] = made
        return made

    def _make_customers(self, form: Form) -> Form:
        return self._new("cus", "customer", invoice_settings={}, **form)

    def _make_checkout_sessions(self, form: Form) -> Form:
        if form["mode"] != "payment":
            raise Refused(400, "invalid_request_error", f"Invalid mode: {form['mode']}")
        lines = form.pop("line_items").values()
        amount = sum(int(x["price_data"]["unit_amount"]) * int(x.get("quantity", 1)) for x in lines)
        currency = next(iter(lines))["price_data"]["currency"]
        if currency != currency.lower():
            raise Refused(400, "invalid_request_error", f"Invalid currency: {currency}")
        made = self._new("cs_test", "checkout.session", status="open", payment_status="unpaid")
        made |= {**form, "amount_total": amount, "currency": currency, "payment_intent": None}
        made["url"] = f"{self.url}/pay/{made['id']}"
        return made

    def _make_payment_intents(self, form: Form) -> Form:
        intent = self._intent(int(form["amount"]), form)
        if form.get("confirm") == "true":
            card = self._get(form.get("payment_method", ""))
            if card.get("customer") != form.get("customer"):
                raise bad("The PaymentMethod does not belong to the Customer")
            self._charge(intent, off_session=True)
        return intent

    def _intent(self, amount: int, form: Form) -> Form:
        known = {name: form.get(name) for name in ("currency", "customer", "payment_method")}
        known |= {"metadata": form.get("metadata", {}), "amount": amount, "amount_received": 0}
        intent = self._new("pi", "payment_intent", status="requires_confirmation", **known)
        return self._kept(intent, client_secret=f"{intent['id']}_secret_x")

    def _kept(self, made: Form, **values: Any) -> Form:
        made.update(values)
        return made

    def _charge(self, intent: Form, *, off_session: bool) -> None:
        if self.declines:
            error = {"code": "card_declined", "decline_code": "insufficient_funds"}
            said = {"type": "card_error", "message": "Your card was declined.", **error}
            intent.update(status="requires_payment_method", last_payment_error=said)
            self.tell("payment_intent.payment_failed", intent)
            raise Refused(402, "card_error", said["message"], **error, payment_intent=dict(intent))
        intent.update(status="succeeded", amount_received=intent["amount"])
        self.tell("payment_intent.succeeded", intent)

    def _make_refunds(self, form: Form) -> Form:
        intent = self._get(form["payment_intent"])
        amount = int(form.get("amount", intent["amount_received"]))
        back = intent.get("refunded", 0)
        if back + amount > intent["amount_received"]:
            raise bad("Refund amount is greater than unrefunded amount on charge")
        intent["refunded"] = back + amount
        known = {"payment_intent": intent["id"], "amount": amount, "currency": intent["currency"]}
        known["reason"] = form.get("reason")
        made = self._new("re", "refund", status="succeeded", **known)
        self.tell("refund.created", made)
        return made

    def _make_billing_portal_sessions(self, form: Form) -> Form:
        self._get(form["customer"])
        made = self._new("bps", "billing_portal.session", **form)
        return self._kept(made, url=f"{self.url}/portal/{made['id']}")

    def _expire(self, session: Form) -> Form:
        if session["status"] != "open":
            raise bad("Only Checkout Sessions that are open can be expired.")
        session["status"] = "expired"
        self.tell("checkout.session.expired", session)
        return session

    # --- what the customer does on Stripe's pages ------------------------------------------------------------------

    def pay(self, session_id: str) -> Form:
        """Pays on the Checkout page, with a new card. A declined card leaves the page open. Returns the session."""
        with self._lock:
            session = self._get(session_id)
            if session["status"] != "open":
                return session
            wanted = session.get("payment_intent_data", {})
            card = self._new("pm", "payment_method", customer=session.get("customer"))
            form = {**wanted, "currency": session["currency"], "customer": session.get("customer")}
            intent = self._intent(session["amount_total"], form | {"payment_method": card["id"]})
            intent["setup_future_usage"] = wanted.get("setup_future_usage")
            try:
                self._charge(intent, off_session=False)
            except Refused:
                return session
            session.update(status="complete", payment_status="paid", payment_intent=intent["id"])
            self.tell("checkout.session.completed", session)
            return session

    def change_card(self, portal_id: str) -> Form:
        """Another card is chosen in the customer portal. Returns the session of the portal."""
        with self._lock:
            session = self._get(portal_id)
            customer = self._get(session["customer"])
            card = self._new("pm", "payment_method", customer=customer["id"])
            customer["invoice_settings"] = {"default_payment_method": card["id"]}
            self.tell("customer.updated", customer)
            return session

    # --- events -----------------------------------------------------------------------------------------------------

    def tell(self, kind: str, about: Form, created: int | None = None) -> Form:
        self._number += 1
        event = {
            "id": f"evt_{self._number:08d}",
            "object": "event",
            "type": kind,
            "created": int(time.time()) if created is None else created,
            "livemode": False,
            "data": {"object": json.loads(json.dumps(about))},
        }
        self.events.append(event)
        if self.deliver:
            body = json.dumps(event).encode()
            self.deliver(body, self.signature(body))
        return event

    def signature(self, body: bytes, at: int | None = None) -> str:
        moment = int(time.time()) if at is None else at
        signed = hmac.new(self.secret.encode(), b"%d.%b" % (moment, body), hashlib.sha256)
        return f"t={moment},v1={signed.hexdigest()}"


def client_of(fake: FakeStripe) -> Any:
    """Stripe's own client library, talking to the fake without a network."""
    import stripe

    class InProcess(stripe.HTTPClient):
        name = "fake"

        def request(
            self, method: str, url: str, headers: Any, post_data: Any = None, **kwargs: Any
        ) -> Any:
            form = unfold(parse_qsl(post_data or "", keep_blank_values=True))
            lower = {name.lower(): value for name, value in headers.items()}
            status, body = fake.answer(method.upper(), urlsplit(url).path, form, lower)
            return json.dumps(body), status, {"request-id": "req_fake"}

        def close(self) -> None:
            pass

    return stripe.StripeClient(fake.key, http_client=InProcess(), max_network_retries=0)
