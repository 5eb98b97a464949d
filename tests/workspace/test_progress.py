import pytest

from workspace.progress import Progress


class Watch:
    """A clock that is set by hand."""

    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def watch():
    return Watch()


def test_a_log_gets_a_line_every_five_seconds(watch):
    written = []
    progress = Progress(written.append, is_terminal=False, clock=watch)

    for watch.now in (101, 104.9, 105, 107, 110):
        progress.tell((watch.now - 100) / 40, int(watch.now - 100) * 1000)
    progress.clear()

    assert written == [
        "12 % · 5,000 rows · 1,000 rows/s · 0:00:35 left\n",
        "25 % · 10,000 rows · 1,000 rows/s · 0:00:30 left\n",
    ]


def test_a_terminal_keeps_one_line_and_gets_it_back_empty(watch):
    written = []
    progress = Progress(written.append, is_terminal=True, clock=watch)

    for watch.now in (100.1, 101, 190):
        progress.tell((watch.now - 100) / 100, 20_000)
    progress.clear()

    assert written == [
        "\r1 % · 20,000 rows · 20,000 rows/s · 0:01:39 left",
        "\r90 % · 20,000 rows · 222 rows/s · 0:00:10 left  ",
        "\r" + " " * 46 + "\r",
    ]


def test_what_is_written_between_has_the_line_to_itself(watch):
    written = []
    progress = Progress(written.append, is_terminal=True, clock=watch)

    watch.now = 101
    progress.tell(0.5, 10)
    progress.clear()
    progress.clear()
    watch.now = 102
    progress.tell(1.0, 20)

    assert written == [
        "\r50 % · 10 rows · 10 rows/s · 0:00:01 left",
        "\r" + " " * 41 + "\r",
        "\r100 % · 20 rows · 10 rows/s · 0:00:00 left",
    ]


def test_short_work_says_nothing(watch):
    written = []
    progress = Progress(written.append, is_terminal=True, clock=watch)

    progress.tell(1.0, 10)
    progress.clear()

    assert written == []


def test_time_left_is_unknown_while_nothing_is_done(watch):
    written = []
    progress = Progress(written.append, is_terminal=False, clock=watch)

    watch.now = 105
    progress.tell(0.0, 0)

    assert written == ["0 % · 0 rows · 0 rows/s · ? left\n"]
