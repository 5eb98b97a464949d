from xml.etree import ElementTree

from campaigns.sparks import spark

SVG = "{http://www.w3.org/2000/svg}"


def drawn(values, words="Three days"):
    return ElementTree.fromstring(spark(values, words))


def test_the_most_touches_the_top_and_nothing_the_floor():
    line = drawn([0, 5, 10]).find("polyline").get("points")

    assert line == "2,26 60,14 118,2"


def test_a_line_of_nothing_lies_on_the_floor():
    assert drawn([0, 0]).find("polyline").get("points") == "2,26 118,26"


def test_it_is_an_image_that_says_what_it_shows():
    image = drawn([1, 2], "“Two” & more")

    assert (image.get("role"), image.get("aria-label")) == ("img", "“Two” & more")
    assert image.find("title").text == "“Two” & more"


def test_it_holds_no_style():
    assert "style=" not in spark([1, 2], "Two")
