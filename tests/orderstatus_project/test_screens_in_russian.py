"""Every screen there is, read in Russian: whatever stands there in Latin letters is a name, a code, or forgotten."""

import re
from html.parser import HTMLParser

import pytest

from statuses.models import OrderStatus
from tests.matrix import fill, screens
from tests.screens import HTMX, page_of, signed_in
from workspace.models import User

pytestmark = pytest.mark.django_db

# Not to be read: code, pictures by name, what a person typed, choices by their code.
SKIPPED = {"script", "style", "code", "pre", "textarea", "time"}
READ_ATTRIBUTES = ("title", "aria-label", "placeholder", "alt", "data-on", "data-off", "data-none", "data-some")
# Names of other products and of ours, of a zone, and of keys; words of up to five capitals are codes.
NAMES = {
    *("Order", "Status", "Engine", "English", "Excel", "Liquid", "Swagger", "Shopify", "WooCommerce", "Twilio"),
    *("Europe", "Moscow", "Account", "Auth", "System", "type", "token", "Messaging", "service", "Bearer", "Basic"),
    "esc",
}
# What the rows of `things` are called.
OURS = {"Ada", "Shop", "Acme", "Our", "own", "grace", "Hello", "Hi", "Thanks", "payd", "ruby", "Friends"}
# And the sources that each installation has.
OURS |= {"Admin", "File", "load"}


class Reader(HTMLParser):
    """What people see and hear of a page."""

    void = {"input", "img", "br", "hr", "meta", "link", "path", "source", "wbr"}

    def __init__(self):
        super().__init__()
        self.open, self.read = [], []

    def handle_starttag(self, tag, attributes):
        own = dict(attributes)
        is_skipped = tag in SKIPPED or "material-symbols-outlined" in (own.get("class") or "")
        if not self._is_skipped():
            self.read += [own[name] or "" for name in READ_ATTRIBUTES if name in own]
            if tag == "input" and own.get("type") in {"submit", "button"}:
                self.read.append(own.get("value") or "")
        if tag not in self.void:
            self.open.append((tag, is_skipped))

    def handle_endtag(self, tag):
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, text):
        if not self._is_skipped() and text.strip():
            self.read.append(" ".join(text.split()))

    def _is_skipped(self):
        return any(is_skipped for _tag, is_skipped in self.open)


def is_foreign(word):
    """Written in Latin letters alone, and no code: those have a sign, a digit or capitals."""
    return re.fullmatch(r"[A-Za-z]{2,}(?:['’][A-Za-z]+)*", word) and not re.fullmatch(r"[A-Z]{2,5}", word)


def forgotten(html, known):
    reader = Reader()
    reader.feed(html)
    return [text for text in reader.read if is_forgotten(text, known)]


def is_forgotten(text, known):
    """A sentence may name a code or two."""
    words = [word.strip("«»“”‘’()[]<>.,:;!?…*›·-") for word in text.split()]
    return 2 * sum(bool(is_foreign(word)) and word not in known for word in words) >= max(len(words), 1)


@pytest.fixture
def reader(things):
    client = signed_in(is_superuser=True)
    User.objects.filter(pk=client.user.pk).update(language="ru", timezone="Europe/Moscow", username="ruby")
    return client


def test_every_screen_speaks_russian_alone_and_names_the_zone_of_its_times(reader, things):
    statuses = {word for name in OrderStatus.objects.values_list("name", flat=True) for word in name.split()}
    known = NAMES | OURS | statuses
    said, with_times = {}, {}

    for row in screens():
        if "GET" not in row.methods or not row.route.startswith("/admin/"):
            continue
        for headers in ({}, HTMX):
            answer = reader.get(fill(row.route, things), headers=headers)
            if answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/html"):
                html = answer.content.decode()
                said[row.route] = forgotten(html, known)
                if "<time" in html and "<html" in html:
                    with_times[row.route] = "поясу Europe/Moscow, UTC+03:00" in html

    assert len(said) > 70
    assert {route: texts for route, texts in said.items() if texts} == {}
    assert len(with_times) > 20
    assert [route for route, names_zone in with_times.items() if not names_zone] == []


def test_the_words_of_the_editors_script_are_russian(reader):
    words = reader.get(page_of("campaigns_campaign", "add")).context["data"]["vocabulary"]
    labels = [each["label"] for part in ("types", "fields", "kinds") for each in words[part]]

    said = [*words["words"].values(), *labels]

    assert [text for text in said if not re.search("[а-яё…]", text, re.IGNORECASE)] == []


def test_what_was_forgotten_is_found():
    html = '<p title="Tell me"><b>Заказ EUR 12</b><i>Left over</i><code>paid</code></p>'

    assert forgotten(html, NAMES) == ["Tell me", "Left over"]
