"""Signatures are those of the Standard Webhooks specification, by its own vector and its own library."""

import base64
import time

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from campaigns.webhooks.signing import new_secret, signed_headers

BODY = b'{"test": 2432232314}'
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_the_vector_of_the_specification():
    headers = signed_headers("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, BODY, [SECRET])

    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_a_secret_is_of_32_random_bytes():
    first, second = new_secret(), new_secret()

    assert first != second
    assert first.startswith("whsec_")
    assert len(base64.b64decode(first.removeprefix("whsec_"))) == 32


def test_each_of_two_secrets_verifies_and_no_third():
    former, current, other = new_secret(), new_secret(), new_secret()

    headers = signed_headers("msg_1", int(time.time()), BODY, [current, former])

    assert Webhook(current).verify(BODY, headers) == {"test": 2432232314}
    assert Webhook(former).verify(BODY, headers) == {"test": 2432232314}
    with pytest.raises(WebhookVerificationError):
        Webhook(other).verify(BODY, headers)


@pytest.mark.parametrize("change", [{"webhook-id": "msg_2"}, {"webhook-timestamp": str(int(time.time()) + 1)}])
def test_what_is_signed_cannot_be_changed(change):
    secret = new_secret()
    headers = signed_headers("msg_1", int(time.time()), BODY, [secret])

    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(BODY, headers | change)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(BODY + b" ", headers)
