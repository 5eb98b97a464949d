"""What tests of the editor share."""

import json
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import press

ADD = "/admin/campaigns/campaign/add/"
AXE = (Path(__file__).parent / "axe" / "axe.min.js").read_text()
LOOK = """async () => (await axe.run({resultTypes: ["violations"]})).violations
    .filter(one => ["serious", "critical"].includes(one.impact))
    .map(one => `${one.id}: ${one.nodes.map(node => node.target.join(" ")).join(", ")}`)"""


def view(page, name):
    """Switch to Canvas, List or JSON, as a keyboard does it."""
    press(page, page.get_by_role("tab", name=name))
    expect(page.get_by_role("tab", name=name)).to_have_attribute("aria-selected", "true")


def tick(place, group, choice):
    box = place.get_by_role("group", name=group, exact=True).get_by_label(choice, exact=True)
    box.focus()
    box.press("Space")
    expect(box).to_be_checked()


def definition(page):
    return json.loads(page.locator("#definition").input_value())


def kept(page):
    """Wait until what was typed is kept."""
    expect(page.locator("#ed-kept")).to_contain_text("Saved")


def settings(page):
    return page.get_by_role("region", name="Settings of what is chosen")


def node(page, key):
    return page.locator(f'[data-step-id="{key}"]')


def tool(page, name):
    return page.get_by_role("toolbar").get_by_role("button", name=name)


def gap(page, place):
    """The plus where a step can be put: "/steps/0/branches/yes/0"."""
    return page.locator(f'[data-place="{place}"] .ed-plus')


def drag(page, what, target):
    """As a hand does it: in several moves."""
    start, end = what.bounding_box(), target.bounding_box()
    page.mouse.move(start["x"] + 20, start["y"] + 12)
    page.mouse.down()
    page.mouse.move(start["x"] + 30, start["y"] + 40, steps=3)
    page.mouse.move(end["x"] + end["width"] / 2, end["y"] + end["height"] / 2, steps=6)
    page.mouse.up()


def flaws(page):
    page.evaluate(AXE)
    return page.evaluate(LOOK)
