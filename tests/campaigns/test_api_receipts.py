"""What providers tell: taken only if they signed it, answered only when it is kept, and never a fault of ours."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from campaigns.models import IncomingText, Message, Receipt, SmsGateway
from campaigns.sms.connections import receipts_token, receipts_url, renew_address
from campaigns.sms.gateways.base import Delivery, Incoming
from customers.models import Customer
from tests.campaigns.shop import NOON, message_of, sms
from tests.campaigns.sms.provider import SECRET, Signed, connect, sign
from workspace.encryption import encrypt

pytestmark = pytest.mark.django_db

DELIVERED = [{"id": "m-1", "status": "delivered"}]


@pytest.fixture
def message(shop, provider):
    """It was sent by the provider, under the id m-1."""
    shop.start(sms())
    message = message_of(shop.pay())
    Message.objects.filter(pk=message.pk).update(gateway_id="m-1")
    message.refresh_from_db()
    assert (message.gateway, message.state) == ("acme", "accepted")
    return message


def problem(answer):
    return (answer.status_code, answer.json()["code"], answer.json()["detail"])


# Taken


def test_what_is_signed_is_taken_and_answered_with_nothing(provider, message):
    answer = provider.tell(DELIVERED)

    message.refresh_from_db()
    assert (answer.status_code, answer.content) == (204, b"")
    assert (message.state, message.receipt_at) == ("delivered", NOON)


def test_a_form_is_taken_as_it_was_signed(provider, message):
    assert provider.tell_by_form(id="m-1", status="undelivered").status_code == 204

    message.refresh_from_db()
    assert message.state == "undelivered"


def test_texts_and_receipts_come_in_one_call(provider, message):
    text = {"id": "t-1", "from": message.phone, "text": "STOP"}

    assert provider.tell([*DELIVERED, text]).status_code == 204

    message.customer.refresh_from_db()
    assert Receipt.objects.get().message == message
    assert message.customer.sms_consent == "refused"
    assert message.customer.sms_consent_source == f"sms:{IncomingText.objects.get().pk}"


def test_told_again_it_is_answered_the_same(provider, message):
    assert [provider.tell(DELIVERED).status_code for _ in range(3)] == [204, 204, 204]
    assert Receipt.objects.count() == 1


def test_nothing_told_is_nothing_taken(provider):
    assert provider.tell([]).status_code == 204


def test_whatever_answer_a_provider_asks_for_it_gets_ours(provider):
    assert provider.tell(DELIVERED, headers={"Accept": "text/xml"}).status_code == 204


def test_what_else_stands_in_the_address_is_the_providers(provider):
    body = b"[]"

    answer = Client().post(
        "/api/v1/receipts/acme/?a=1&a=2&b=", body, content_type="text/plain", headers={"X-Signature": sign(body)}
    )

    assert answer.status_code == 204


def test_the_address_told_to_providers_is_this_one(settings):
    settings.PUBLIC_URL = "https://orders.example.com"

    assert receipts_url("acme") == "https://orders.example.com/api/v1/receipts/acme/"


# Where nothing is signed


@pytest.fixture
def unsigned(sent_by, settings):
    """It has no signing secret. `unsigned("?token=…")` tells that the message was delivered."""
    settings.SECRET_KEY = "of this test"
    message = sent_by("http", {"url": "https://sms.example.com"}, {})

    def tell(query):
        said = {"id": message.gateway_id, "status": "delivered"}
        return Client().post(f"/api/v1/receipts/http/{query}", json.dumps(said), content_type="application/json")

    return tell


def test_a_call_with_the_token_of_the_address_is_taken(unsigned, message):
    assert unsigned("?token=409868bae4249e5a806cadd1d0861272").status_code == 204
    message.refresh_from_db()
    assert message.state == "delivered"


@pytest.mark.parametrize(
    "query", ["", "?token=", "?token=0", "?token=%FF%00", "?token=ключ", "?token=6deff1103ac961292dfd83d42f50725a"]
)
def test_whoever_only_guessed_the_code_is_refused(unsigned, message, query):
    assert problem(unsigned(query)) == (403, "bad_token", "The token is missing or wrong.")

    message.refresh_from_db()
    assert message.state == "accepted"
    assert SmsGateway.objects.get(code="http").refused_call == (
        "A call without the right token. If the provider made it, give it the address for receipts as it is shown "
        "here, or enter the secret it signs with."
    )


def test_the_token_of_one_gateway_is_not_that_of_another():
    assert receipts_token(SmsGateway(code="acme")) != receipts_token(SmsGateway(code="http"))


def test_a_renewed_address_is_taken_and_the_old_one_refused(unsigned, message):
    row = SmsGateway.objects.get(code="http")
    old = receipts_token(row)

    renew_address(row)

    assert unsigned(f"?token={old}").status_code == 403
    assert unsigned(f"?token={receipts_token(row)}").status_code == 204


# By the kinds that there are


@pytest.fixture
def sent_by(message):
    """As if the message had been sent by a gateway of this kind."""

    def by(kind, settings, secrets):
        row = SmsGateway.objects.create(code=kind, name=kind, kind=kind, settings=settings, secrets=encrypt(secrets))
        Message.objects.filter(pk=message.pk).update(gateway=row.code)
        return message

    return by


def tell_over_http(said):
    body = json.dumps(said).encode()
    signed = {"X-Signature": hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()}
    return Client().generic("POST", "/api/v1/receipts/http/", body, "application/json", headers=signed)


def test_a_receipt_over_http_is_taken_under_its_secret(sent_by):
    message = sent_by("http", {"url": "https://sms.example.com"}, {"signing_secret": "s3cret"})
    body = b'[{"id": "m-1", "status": "EXPIRED", "reason": "24 h", "at": "2024-05-03T11:59:00Z"}]'
    signature = hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()

    def call(said):
        return Client().generic(
            "POST", "/api/v1/receipts/http/", said, "application/json", headers={"X-Signature": signature}
        )

    assert [call(said).status_code for said in (body + b" ", body, body)] == [403, 204, 204]
    message.refresh_from_db()
    assert (message.state, message.receipt_reason) == ("undelivered", "expired: 24 h")
    assert message.receipt_at == NOON - timedelta(minutes=1)


def post_form(address, fields, signature):
    body, signed = urlencode(fields), {"X-Twilio-Signature": signature}
    return Client().generic("POST", address, body, "application/x-www-form-urlencoded", headers=signed).status_code


def test_words_written_again_count_again_where_a_provider_gives_no_ids_and_times(sent_by, clock):
    message = sent_by("http", {"url": "https://sms.example.com", "incoming_text": "text"}, {"signing_secret": "s3cret"})

    for word in ("STOP", "START", "STOP"):
        tell_over_http({"from": message.phone, "text": word})
        clock.shift(60)

    message.customer.refresh_from_db()
    assert message.customer.sms_consent == "refused"
    assert IncomingText.objects.count() == 3


def test_a_stop_in_a_local_time_is_not_older_than_the_consent_before_it(sent_by):
    message = sent_by("http", {"url": "https://sms.example.com", "incoming_text": "text"}, {"signing_secret": "s3cret"})
    Customer.objects.update(sms_consent="given", sms_consent_at=NOON - timedelta(minutes=5))

    tell_over_http({"from": message.phone, "text": "STOP", "at": "2024-05-03T07:00:00"})

    message.customer.refresh_from_db()
    assert message.customer.sms_consent == "refused"
    assert IncomingText.objects.get().occurred_at == NOON


def test_twilio_tells_receipts_and_texts_by_its_own_signature(sent_by, settings):
    """Its signature: HMAC-SHA1, over the address it was given and the fields by name."""
    settings.PUBLIC_URL = "https://orders.example.com"
    sid = "AC" + "0" * 32
    message = sent_by("twilio", {"account_sid": sid}, {"auth_token": "t0ken"})
    address = "/api/v1/receipts/twilio/?reference=" + str(message.reference)

    def call(**fields):
        said = "https://orders.example.com" + address + "".join(name + fields[name] for name in sorted(fields))
        signature = base64.b64encode(hmac.new(b"t0ken", said.encode(), hashlib.sha1).digest()).decode()
        return [post_form(address, fields, given) for given in ("x", signature)]

    assert call(MessageSid="SM1", MessageStatus="delivered", AccountSid=sid) == [403, 204]
    assert call(MessageSid="SM2", From=message.phone, To="+16025550199", Body="Стоп") == [403, 204]
    message.refresh_from_db()
    message.customer.refresh_from_db()
    assert (message.state, message.customer.sms_consent) == ("delivered", "refused")


# Refused


def test_a_wrong_signature_is_refused_and_shown_to_the_operator(provider, message, caplog):
    answer = provider.tell(DELIVERED, signature="wrong")

    assert problem(answer) == (403, "bad_signature", "The signature is wrong.")
    assert provider.refused().startswith("A call with a wrong signature.")
    assert not Receipt.objects.exists()
    assert SECRET not in caplog.text + answer.content.decode()


def test_what_anybody_may_call_with_hides_no_error_of_the_gateway(provider):
    provider.tell([{"id": "m-1", "status": "eaten"}])

    provider.tell(DELIVERED, signature="wrong")

    assert provider.error() == "“eaten” is no status."


def test_no_signature_is_a_wrong_one(provider):
    assert Client().post("/api/v1/receipts/acme/", b"[]", content_type="application/json").status_code == 403


def test_what_cannot_be_read_is_refused_with_what_is_wrong(provider):
    answer = provider.tell([{"id": "m-1", "status": "eaten"}])

    assert problem(answer) == (400, "bad_receipt", "“eaten” is no status.")
    assert provider.error() == "“eaten” is no status."
    assert not Receipt.objects.exists()


def test_one_bad_receipt_leaves_none_of_its_list(provider):
    assert provider.tell([*DELIVERED, {"id": "m-1", "status": "eaten"}]).status_code == 400
    assert not Receipt.objects.exists()


def test_a_kind_that_stumbles_is_refused_without_a_word_of_what_was_told(provider, caplog):
    answer = provider.tell([{"id": "m-1", "+16025550124": "Hello"}])

    assert problem(answer) == (400, "bad_receipt", "The receipt cannot be read (KeyError).")
    assert "receipt_unexpected" in caplog.text
    assert "5550124" not in caplog.text
    assert "Hello" not in caplog.text


def test_the_same_error_is_not_written_each_time(provider, clock):
    provider.tell(DELIVERED, signature="wrong")
    clock.shift(timedelta(seconds=5))
    provider.tell(DELIVERED, signature="wrong")
    provider.row.refresh_from_db()
    first = provider.row.refused_call_at
    clock.shift(timedelta(seconds=6))
    provider.tell(DELIVERED, signature="wrong")
    provider.row.refresh_from_db()

    assert (first, provider.row.refused_call_at) == (NOON, NOON + timedelta(seconds=11))


@pytest.mark.parametrize("code", ["nobody", "phone", "memory"])
def test_a_gateway_that_is_not_connected_is_not_there(provider, code):
    assert problem(provider.tell(DELIVERED, gateway=code)) == (404, "not_found", f"There is no gateway “{code}”.")


def test_one_switched_off_is_there_only_for_what_it_sent(provider, message):
    SmsGateway.objects.update(is_active=False)
    connect("never", is_active=False)

    assert provider.tell(DELIVERED).status_code == 204
    assert provider.tell(DELIVERED, gateway="never").status_code == 404


def test_one_switched_off_while_its_answer_was_out_is_there(provider, message):
    SmsGateway.objects.update(is_active=False, last_sent_at=None)

    assert provider.tell(DELIVERED).status_code == 204


def test_secrets_that_cannot_be_read_are_the_operators_to_mend(provider, settings):
    settings.ENCRYPTION_KEYS = ["another"]
    SmsGateway.objects.update(configured_at=NOON)

    answer = provider.tell(DELIVERED)

    assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (503, "misconfigured", "60")
    assert "ENCRYPTION_KEYS" in provider.error()


def test_a_kind_that_is_gone_is_told_to_come_back(provider):
    SmsGateway.objects.update(kind="pigeon", configured_at=NOON)

    assert provider.tell(DELIVERED).status_code == 503
    assert "pigeon" in provider.error()


def test_a_body_too_large_is_not_read(provider):
    assert problem(provider.call(b"x" * (1024 * 1024 + 1)))[:2] == (413, "too_large")
    assert provider.error() == ""


def test_too_many_at_once_are_refused_whole(provider):
    answer = provider.tell([{"id": str(n), "status": "delivered"} for n in range(5001)])

    assert problem(answer)[:2] == (413, "too_large")
    assert "5000" in provider.error()
    assert not Receipt.objects.exists()


def test_chunks_are_asked_for_a_length(provider):
    answer = Client().generic("POST", "/api/v1/receipts/acme/", headers={"Transfer-Encoding": "chunked"})

    assert answer.status_code == 411


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete", "head", "options"])
def test_there_is_only_telling(provider, method):
    assert getattr(Client(), method)("/api/v1/receipts/acme/").status_code == 405


# How often


def test_a_burst_of_receipts_is_not_held_against_the_limit_of_keys(provider, settings):
    settings.API_REQUESTS_PER_MINUTE = 1

    assert [provider.tell([]).status_code for _ in range(5)] == [204] * 5


def test_a_flood_from_one_address_is_told_to_come_back(provider, settings):
    settings.RECEIPT_CALLS_PER_MINUTE = 2

    answers = [provider.tell([]) for _ in range(3)]
    other = Client(REMOTE_ADDR="192.0.2.7").post(
        "/api/v1/receipts/acme/", b"[]", content_type="application/json", headers={"X-Signature": sign(b"[]")}
    )

    assert [answer.status_code for answer in answers] == [204, 204, 429]
    assert int(answers[2]["Retry-After"]) > 0
    assert other.status_code == 204


# Whatever comes


words = st.text(st.characters(codec=None), max_size=20)
told = st.dictionaries(
    st.sampled_from(["id", "status", "reference", "reason", "at", "text", "from"]),
    st.one_of(
        words, st.sampled_from(["delivered", "expired", "STOP", "+16025550124", "2024-05-03T11:00:00Z"]), st.integers()
    ),
)
bodies = st.one_of(
    st.binary(max_size=2000),
    st.lists(told, max_size=5).map(lambda items: json.dumps(items).encode()),
    st.recursive(st.none() | words | st.floats(), st.lists, max_leaves=5).map(lambda value: json.dumps(value).encode()),
    st.sampled_from([b"", b"[" * 100_000, b'"\\ud800"', b"\x00", b"id=%00&status=delivered", b"id=m-1"]),
)
types = st.sampled_from(
    [
        "application/json",
        "application/x-www-form-urlencoded",
        "application/x-www-form-urlencoded; charset=utf-16",
        "multipart/form-data",
        "multipart/form-data; boundary=x",
        "text/xml; charset=nonsense",
        "",
        "nonsense",
    ]
)


@given(body=bodies, content_type=types, is_signed=st.booleans())
@effort(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_nothing_that_comes_is_a_fault_of_ours(provider, body, content_type, is_signed):
    answer = provider.call(body, content_type=content_type, signature=None if is_signed else "wrong")

    assert answer.status_code in ({204, 400} if is_signed else {403})


fates = st.sampled_from(["accepted", "delivered", "undelivered", "expired"])
moments = st.none() | st.datetimes(timezones=st.timezones()) | st.datetimes()
anything = st.one_of(
    st.builds(Delivery, fates, words, words, words, moments), st.builds(Incoming, words, words, words, moments)
)


@given(heard=st.lists(anything, max_size=5))
@effort(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_nothing_a_kind_may_read_out_of_it_is_a_fault_of_ours(provider, monkeypatch, heard):
    monkeypatch.setattr(Signed, "hear", lambda self, request: heard)

    assert [provider.tell([]).status_code for _ in range(2)] == [204, 204]
