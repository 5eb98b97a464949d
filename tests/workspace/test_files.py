import gzip
import tracemalloc
from pathlib import Path

import pytest

from workspace.files import BadFile, CsvFile


@pytest.fixture
def file(tmp_path):
    """Write bytes to a file and open it."""
    opened = []

    def write(content, name="rows.csv"):
        path = tmp_path / name
        path.write_bytes(content)
        opened.append(CsvFile(path))
        return opened[-1]

    yield write
    for each in opened:
        each.__exit__()


def rows(file):
    return [line.cells for line in file.lines()]


def problems(file):
    return [(line.number, line.problem.code) for line in file.lines() if line.problem]


@pytest.mark.parametrize(
    "content",
    [
        b"name,city\nAda,Z\xc3\xbcrich\n",
        b"name,city\r\nAda,Z\xc3\xbcrich\r\n",
        b"name,city\nAda,Z\xc3\xbcrich",
        b"\xef\xbb\xbfname,city\nAda,Z\xc3\xbcrich\n",
        b'"name", city\n"Ada","Z\xc3\xbcrich"\n',
        b"name,city\n\nAda,Z\xc3\xbcrich\n \n\n",
        gzip.compress(b"name,city\nAda,Z\xc3\xbcrich\n", mtime=0),
        gzip.compress(b"name,city\n", mtime=0) + gzip.compress(b"Ada,Z\xc3\xbcrich\n", mtime=0),
    ],
)
def test_a_row_is_its_cells_by_column(file, content):
    assert rows(file(content)) == [{"name": "Ada", "city": "Zürich"}]


def test_commas_and_quotes_may_stand_in_quotes(file):
    assert rows(file(b'name\n"Byron, ""Ada"""\n')) == [{"name": 'Byron, "Ada"'}]


def test_gzip_is_known_by_its_content(file):
    assert rows(file(gzip.compress(b"name\nAda\n", mtime=0), name="rows.csv")) == [{"name": "Ada"}]
    assert rows(file(b"name\nAda\n", name="rows.csv.gz")) == [{"name": "Ada"}]


def test_a_file_of_columns_alone_has_no_rows(file):
    assert rows(file(b"name,city\n")) == []


def test_a_bad_line_is_told_by_its_number_and_the_others_are_rows(file):
    content = b'name,city\nAda\nAda,Bern\nA,B,C\n"Ada,Bern\nAd\xe9,Bern\n"Ada"x,Bern\nGrace,Bonn\n'

    read = file(content)
    lines = list(read.lines())

    assert [(line.number, line.problem and line.problem.code) for line in lines] == [
        (2, "wrong_number_of_cells"),
        (3, None),
        (4, "wrong_number_of_cells"),
        (5, "bad_line"),
        (6, "not_utf8"),
        (7, "bad_line"),
        (8, None),
    ]
    assert [line.values for line in lines if line.problem] == [
        ["Ada"],
        ["A", "B", "C"],
        ['"Ada,Bern'],
        ["Ad�,Bern"],
        ['"Ada"x,Bern'],
    ]


def test_a_quote_left_open_swallows_no_other_line(file):
    read = file(b'name,city\n"Ada,Bern\nGrace,"Bonn"\n')

    assert problems(read) == [(2, "bad_line")]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"\xff\xfen\x00a\x00m\x00e\x00", "no CSV file in UTF-8"),
        (b"n\xe9m,city\nAda,Bern\n", "no CSV file in UTF-8"),
        (b"PK\x03\x04\x14\x00\x06\x00", "no CSV file in UTF-8"),
        (b"name\rAda\r", "no CSV file in UTF-8"),
        (b'"name\nAda\n', "no CSV file in UTF-8"),
        (b"name,name\nAda,Ada\n", "names the column “name” twice"),
        (b"x" * 1_100_000, "a line of more than 1 MiB"),
        (b"\x1f\x8bgarbage", "breaks off or is damaged"),
        (gzip.compress(b"name\nAda\n", mtime=0)[:15], "breaks off or is damaged"),
        (gzip.compress(b"", mtime=0), "is empty"),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_a_file_that_is_no_table_says_so(file, content, said):
    with pytest.raises(BadFile, match=said):
        file(content)


def test_a_file_that_is_not_there_says_so(tmp_path):
    with pytest.raises(BadFile, match="No such file"):
        CsvFile(tmp_path / "rows.csv")


def test_a_directory_is_no_file(tmp_path):
    with pytest.raises(BadFile, match="is a directory"):
        CsvFile(tmp_path)


def test_a_device_is_no_file():
    with pytest.raises(BadFile, match="no regular file"):
        CsvFile(Path("/dev/null"))


def test_columns_that_are_missing_are_named_with_those_there_are(file):
    with pytest.raises(BadFile, match=r"no column “city”.*: name, city, phone"):
        file(b"name\nAda\n").require(["name", "city"], ["phone"])


def test_semicolons_are_found_out(file):
    with pytest.raises(BadFile, match=r"no column “name”, “city”.*with commas"):
        file(b"name;city\nAda;Bern\n").require(["name", "city"], [])


def test_columns_nobody_reads_are_named(file):
    with pytest.raises(BadFile, match="a column “colour”, which we do not know"):
        file(b"name,colour\nAda,red\n").require(["name"], ["city"])


def test_a_file_that_breaks_off_gives_what_it_has_and_then_says_so(file):
    whole = gzip.compress(b"name\n" + b"".join(b"Ada %06d\n" % n for n in range(100_000)))

    read = file(whole[: len(whole) // 2])
    names = [cells["name"] for cells in rows(read)]

    assert names[:2] == ["Ada 000000", "Ada 000001"]
    assert 10_000 < len(names) < 90_000
    assert "breaks off or is damaged" in read.damage


def test_a_damaged_file_says_so(file):
    whole = bytearray(gzip.compress(b"name\n" + b"".join(b"Ada %06d\n" % n for n in range(100_000))))
    whole[len(whole) // 2] ^= 0xFF

    read = file(bytes(whole))
    list(read.lines())

    assert "breaks off or is damaged" in read.damage


def test_a_whole_file_has_no_damage(file):
    read = file(gzip.compress(b"name\nAda\n", mtime=0))
    list(read.lines())

    assert read.damage == ""


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_progress_goes_by_the_bytes_on_the_disk(file, pack):
    read = file(pack(b"name\n" + b"".join(b"%06d\n" % (n * 7919 % 1_000_003) for n in range(200_000))))
    shares = [read.share_read() for place, _line in enumerate(read.lines()) if place % 20_000 == 0]

    assert shares == sorted(shares)
    assert shares[0] < 0.05
    assert 0.4 < shares[5] < 0.6
    assert read.share_read() == 1.0


def test_a_long_file_takes_no_more_memory_than_a_short_one(tmp_path):
    path = tmp_path / "rows.csv.gz"
    with gzip.open(path, "wb", compresslevel=1) as out:
        out.write(b"name,city\n")
        for _ in range(20):
            out.write((b"Ada," + b"Bern" * 30 + b"\n") * 1000)

    with CsvFile(path) as read:
        tracemalloc.start()
        count = sum(1 for _line in read.lines())
        _now, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert count == 20_000  # of 2.5 MB
    assert peak < 500_000
