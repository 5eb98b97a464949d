import pytest
from django.core.exceptions import ValidationError

from workspace.keywords import START_WORDS, STOP_WORDS, plain, read_keywords, validate_keywords
from workspace.models import Workspace


@pytest.mark.parametrize(
    "written",
    ["STOP", "stop", " Stop. ", "«stop»", "STOP!!!", "ＳＴＯＰ", "stop 🛑", "\nstop\n", "'Stop'", "stop\u200b"],
)
def test_however_it_is_written_it_is_one_word(written):
    assert plain(written) == "stop"


@pytest.mark.parametrize(
    ("written", "one"), [("opt   out", "opt out"), ("Отписаться!", "отписаться"), ("…", ""), ("", ""), ("🛑", "")]
)
def test_what_is_left_of_a_text(written, one):
    assert plain(written) == one


def test_a_long_text_is_read_in_no_time():
    assert plain("." * 1_000_000 + "a" + "." * 1_000_000) == "a"


def test_words_are_separated_by_commas_or_lines():
    assert read_keywords("STOP, stop all;\nquit,, ,\n") == {"stop", "stop all", "quit"}


def test_what_people_answer_to_anything_is_no_keyword():
    assert read_keywords(STOP_WORDS + "," + START_WORDS).isdisjoint({"yes", "no", "да", "нет", "ok", "отмена"})
    assert read_keywords(STOP_WORDS).isdisjoint(read_keywords(START_WORDS))


@pytest.mark.parametrize("written", ["", " ", ", ;\n", "!!!"])
def test_no_word_at_all_is_refused(written):
    with pytest.raises(ValidationError, match="at least one"):
        validate_keywords(written)


def test_a_word_in_both_lists_is_refused():
    workspace = Workspace(pk=1, stop_words="STOP, End", start_words="START, end.")

    with pytest.raises(ValidationError) as refusal:
        workspace.clean()

    assert refusal.value.message_dict == {"start_words": ["In both lists: END. A word means one thing."]}
