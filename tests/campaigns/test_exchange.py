import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from campaigns.archiving import archive
from campaigns.exchange import MOST_BYTES, Verdict, look
from campaigns.lifecycle import end, save_draft
from campaigns.models import Campaign
from tests.campaigns.shop import definition, sms
from tests.screens import done, page_of, signed_in

pytestmark = pytest.mark.django_db

IMPORT = page_of("campaigns_campaign", "import")


@pytest.fixture
def admin():
    return signed_in(is_superuser=True)


def written(raw):
    return json.dumps(raw).encode()


def upload(client, raw):
    content = raw if isinstance(raw, bytes) else written(raw)
    return client.post(IMPORT, {"file": SimpleUploadedFile("campaign.json", content)})


def confirm(client, page):
    hidden = {name: page.context[name] for name in ("content",)} | {"mark": page.context["looked"].mark}
    return client.post(IMPORT, hidden)


def test_a_file_is_looked_at_and_then_taken_in(admin, shop):
    page = upload(admin, definition(sms()))
    assert not Campaign.objects.exists()

    answer = confirm(admin, page)

    campaign = Campaign.objects.get()
    assert page.context["looked"].verdict == Verdict.NEW
    assert answer.url == page_of("campaigns_campaign", "change", campaign.pk)
    assert (campaign.draft, campaign.created_by) == (definition(sms()), admin.user)
    assert [verb for verb, _changes in done()] == ["created"]


def test_a_file_of_a_known_code_becomes_its_draft(admin, shop):
    campaign = save_draft(definition(sms()))[0]

    page = upload(admin, definition(sms(text="Other")))
    confirm(admin, page)

    campaign.refresh_from_db()
    assert page.context["looked"].verdict == Verdict.CHANGED
    assert (campaign.draft, campaign.revision) == (definition(sms(text="Other")), 2)
    assert [verb for verb, _changes in done()] == ["changed"]


def test_what_is_wrong_is_told_with_its_places_as_the_api_does(admin, shop):
    page = upload(admin, definition(sms(text="{{ order.secret }}"), name=""))

    assert [problem.field for problem in page.context["looked"].problems] == ["/steps/0/params/text", "/name"]
    assert b"2 things to mend" in page.content
    assert page.context["takes"] is False


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b'{"format": NaN}', b"[]", b'{"a": "\\u0000"}', b"[" * 5000])
def test_what_is_no_campaign_is_refused_in_a_sentence(admin, shop, content):
    page = upload(admin, content)

    assert page.status_code == 200
    assert page.context["looked"].problems[0].detail


def test_a_file_that_is_too_large_is_not_read(shop):
    [problem] = look(b" " * (MOST_BYTES + 1)).problems

    assert problem.detail.startswith("The file is larger")


def test_no_file_at_all_is_told_beside_the_field(admin, shop):
    assert b"Choose a file." in admin.post(IMPORT, {}).content


def test_statuses_that_are_not_there_yet_are_told(shop):
    looked = look(
        written(
            definition(
                sms(),
                trigger={**definition()["trigger"], "params": {"type": "payment", "from": "any", "to": ["nowhere"]}},
            )
        )
    )

    assert looked.verdict == Verdict.NEW
    assert "unknown_status" in [caution.code for caution in looked.cautions]


def test_a_draft_that_is_like_this_stays(admin, shop):
    save_draft(definition(sms()))

    page = upload(admin, definition(sms()))

    assert page.context["looked"].verdict == Verdict.SAME
    assert confirm(admin, page).status_code == 200
    assert Campaign.objects.get().revision == 1


def test_what_changed_meanwhile_is_looked_at_again(admin, shop):
    save_draft(definition(sms()))
    page = upload(admin, definition(sms(text="Mine")))
    save_draft(definition(sms(text="Theirs")))

    again = confirm(admin, page)

    assert again.context["is_another"] is True
    assert Campaign.objects.get().draft == definition(sms(text="Theirs"))


@pytest.mark.parametrize("rest", [archive, end])
def test_what_is_at_rest_takes_no_file(admin, shop, rest):
    campaign = save_draft(definition(sms()))[0] if rest is archive else shop.start(sms())
    rest(campaign)

    page = upload(admin, definition(sms(text="Other")))

    assert page.context["looked"].verdict == Verdict.WRONG


def test_content_that_never_was_a_file_leads_back(admin, shop):
    assert admin.post(IMPORT, {"content": "no base64!"}).url == IMPORT


def test_a_file_that_was_exported_is_taken_in(admin, shop):
    campaign = save_draft(definition(sms()))[0]
    answer = admin.get(page_of("campaigns_campaign", "export", campaign.pk))

    assert answer.headers["Content-Disposition"] == 'attachment; filename="thanks.json"'
    assert look(answer.content).verdict == Verdict.SAME


def test_a_file_is_taken_in_by_those_who_may_add_and_change(shop):
    for permission in ("add", "change"):
        client = signed_in("campaigns.view_campaign", f"campaigns.{permission}_campaign")
        assert client.get(IMPORT).status_code == 403
