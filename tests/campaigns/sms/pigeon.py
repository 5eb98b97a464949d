"""A kind of gateway for tests of the screens: it has a form with secrets, and answers as it is told to."""

from django import forms

from campaigns.sms.gateways.base import GatewayForm, GatewayKind, Promises, SendsOnly, Taken


class PigeonForm(GatewayForm):
    secret_fields = frozenset({"password", "signature"})

    url = forms.URLField(label="Address", assume_scheme="https")
    password = forms.CharField(label="Password")
    signature = forms.CharField(label="Signing secret", required=False, help_text="What it signs its receipts with.")
    is_fast = forms.BooleanField(label="Fast birds", required=False)


class Pigeon(SendsOnly):
    """`says` is its next answer, or what it raises."""

    says = Taken("P-1")
    sent = ()

    def __init__(self, setup):
        self.setup = setup
        self.promises = Promises(can_look_up=True)

    def send(self, messages):
        type(self).sent = [*type(self).sent, *((m.to, m.text, m.sender, self.setup.secrets) for m in messages)]
        if isinstance(type(self).says, Exception):
            raise type(self).says
        return [type(self).says for _ in messages]


def kind():
    """A new one, which has sent nothing yet."""
    loft = type("Loft", (Pigeon,), {})
    return loft, GatewayKind("pigeon", "Carrier pigeons", loft, PigeonForm, summary="For those who live on a hill.")
