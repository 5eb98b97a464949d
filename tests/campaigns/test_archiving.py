import pytest
from django.db import IntegrityError, transaction

from campaigns.archiving import archive, bring_back, copy, fresh_code
from campaigns.lifecycle import WrongState, activate, ask, end, save_draft
from campaigns.models import Campaign
from tests.campaigns.shop import definition, sms
from workspace.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(shop):
    return save_draft(definition(sms()))[0]


def test_a_draft_and_what_ended_are_put_away_and_brought_back(draft):
    archived = archive(draft)
    back = bring_back(archived)
    activate(draft)
    ended = archive(end(draft))

    assert archived.archived_at is not None
    assert back.archived_at is None
    assert ended.archived_at is not None


def test_what_runs_is_not_put_away(draft):
    activate(draft)

    with pytest.raises(WrongState, match="End it first"):
        archive(draft)


def test_the_database_holds_no_archived_campaign_that_runs(draft):
    archive(draft)

    with pytest.raises(IntegrityError), transaction.atomic():
        Campaign.objects.update(state="active")


def test_nobody_asks_for_what_is_put_away(draft):
    ask(draft, by=User.objects.create_user("ann"))

    assert archive(draft).asked_at is None


@pytest.mark.parametrize("verb", [activate, lambda campaign: ask(campaign, by=User.objects.create_user("ann"))])
def test_what_is_put_away_is_brought_back_before_it_runs(draft, verb):
    archive(draft)

    with pytest.raises(WrongState, match="Bring it back first"):
        verb(draft)


def test_what_is_put_away_keeps_its_draft(draft):
    archive(draft)

    with pytest.raises(WrongState, match="Bring it back first"):
        save_draft(definition(sms(text="Other")))


def test_a_copy_is_a_draft_with_a_code_and_a_name_of_its_own(draft):
    activate(draft)

    made = [copy(draft), copy(draft)]

    assert [(c.code, c.name, c.state) for c in made] == [
        ("thanks-2", "Thanks (copy)", "draft"),
        ("thanks-3", "Thanks (copy)", "draft"),
    ]
    assert made[0].draft == definition(sms(), code="thanks-2", name="Thanks (copy)")


def test_a_long_name_and_a_long_code_leave_room(shop):
    draft = save_draft(definition(sms(), code="c" * 64, name="N" * 200))[0]

    made = copy(draft)

    assert made.code == "c" * 62 + "-2"
    assert (len(made.name), made.name[-1]) == (200, "…")
    assert save_draft(made.draft)[1] is False


def test_a_code_that_nobody_has_is_fresh(shop):
    assert fresh_code("thanks") == "thanks"
