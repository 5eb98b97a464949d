"""A real Chromium before a real server; what it complains of fails the test."""

import os
import shutil
from pathlib import Path

import pytest

from tests.screens import turn_orders_on
from workspace.models import User

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PICTURES = Path(__file__).parents[2] / "test-results"
SIZES = {"desktop": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 844}}


def pytest_collection_modifyitems(items):
    # Playwright leaves an event loop running in its thread, in which no other can run: not that of calls to gateways.
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)
    if CHROMIUM:
        return
    skip = pytest.mark.skip(reason="there is no Chromium. On Debian or Ubuntu: apt-get install chromium")
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(skip)


@pytest.fixture(scope="session")
def base_url():
    """In place of the plugin's own, which is written in a way that pytest warns of. Tests say whole addresses."""
    return


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    # Playwright keeps an event loop in this thread, where Django would refuse to use the database.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": list(QUIET)}


@pytest.fixture
def complaints(page, live_server):
    """What a page must not do: write errors to its console, fail, or ask anybody but us."""
    said = []
    page.on("console", lambda line: said.append(line.text) if line.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on(
        "request", lambda asked: None if asked.url.startswith((live_server.url, "data:")) else said.append(asked.url)
    )
    yield said
    assert said == []


@pytest.fixture
def visitor(page, live_server, complaints, client):
    """A page on which the administrator is logged in."""
    client.force_login(User.objects.create_superuser("admin"))
    page.context.add_cookies(
        [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}]
    )
    return page


@pytest.fixture
def picture(page):
    """Keeps what the page looks like, for people to look at."""
    PICTURES.mkdir(exist_ok=True)
    return lambda name: page.screenshot(path=PICTURES / f"{name}.png", full_page=True)


@pytest.fixture
def visit(visitor, live_server):
    """Go to an address of the admin as an administrator."""
    turn_orders_on()
    visitor.set_default_timeout(10_000)
    return lambda address: visitor.goto(live_server.url + address)


@pytest.fixture
def shoot(page):
    """Pictures of the page as it stands, wide and narrow, light and dark: when asked for, by SCREENSHOTS=folder."""
    if not os.environ.get("SCREENSHOTS"):
        return lambda _name: None
    folder = Path(os.environ["SCREENSHOTS"])
    folder.mkdir(parents=True, exist_ok=True)

    def shoot(name):
        for size, viewport in SIZES.items():
            page.set_viewport_size(viewport)
            for scheme in ("light", "dark"):
                page.evaluate("scheme => { document.documentElement.className = scheme }", scheme)
                page.screenshot(path=folder / f"{name}-{size}-{scheme}.png")
        page.set_viewport_size(SIZES["desktop"])
        page.evaluate("document.documentElement.className = 'light'")

    return shoot


def press(page, control):
    """As a keyboard does it, but no sooner than a person could: what is being drawn is drawn first."""
    control.wait_for()
    page.wait_for_function("!document.querySelector('.htmx-request, .htmx-swapping, .htmx-settling')")
    control.focus()
    page.keyboard.press("Enter")
