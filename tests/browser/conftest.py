"""A real Chromium before a real server; what it complains of fails the test."""

import os
import shutil
import threading
from pathlib import Path

import pytest
from django.core.signals import request_finished, request_started

from tests.screens import turn_orders_on
from workspace.models import User

# The first is the same browser without a window around its pages, which costs half as much.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)
# Chromium heeds the last such list alone, so Playwright's is said again.
WITHOUT = (
    *("AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsUpgrades"),
    *(
        "HttpsFirstBalancedModeAutoEnable",
        "LensOverlay",
        "MediaRouter",
        "PaintHolding",
        "ThirdPartyStoragePartitioning",
    ),
    *("AvoidCorsURLLoaderRestartOnRedirect", "OptimizationHints", "NetworkTimeServiceQuerying", "AimEnabled"),
    "PreconnectToSearch",
    # Ours: pages of its own that each new window makes for its address bar, at twice the cost of the page in it.
    *("WebUIOmniboxPopup", "WebUIOmniboxAimPopup"),
)
QUIET = (
    f"--disable-features={','.join(WITHOUT)}",
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
    # A browser, a server and a database on a machine that does other work too: what passes only the second time is told
    # as RERUN.
    mark = (
        pytest.mark.flaky(reruns=1)
        if CHROMIUM
        else pytest.mark.skip(reason="there is no Chromium. On Debian: apt-get install chromium-headless-shell")
    )
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(mark)


@pytest.fixture(scope="session")
def base_url():
    """In place of the plugin's own, which is written in a way that pytest warns of. Tests say whole addresses."""
    return


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    # Playwright keeps an event loop in this thread, where Django would refuse to use the database.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": list(QUIET)}


class Rest:
    """Counts the requests that a server is answering, so that one can wait until there are none."""

    def __init__(self):
        self.changed = threading.Condition()
        self.answering = 0

    def begun(self, **_):
        self._count(+1)

    def ended(self, **_):
        self._count(-1)

    def _count(self, change):
        # An answer may be closed twice.
        with self.changed:
            self.answering = max(0, self.answering + change)
            self.changed.notify_all()

    def wait(self, patience_s):
        with self.changed:
            assert self.changed.wait_for(lambda: not self.answering, patience_s), "the server is still answering"


def gone(_environ, start_response):
    """To a page that is closed, and still says what it had been told to keep."""
    start_response("503 Service Unavailable", [])
    return []


@pytest.fixture(autouse=True)
def answered(transactional_db, live_server):
    """What a page asked as it was closed is answered, or refused, before the database is emptied under it."""
    server = live_server.thread.httpd
    rest, answer = Rest(), server.get_app()
    request_started.connect(rest.begun)
    request_finished.connect(rest.ended)
    yield
    server.set_app(gone)
    rest.wait(10)
    request_started.disconnect(rest.begun)
    request_finished.disconnect(rest.ended)
    server.set_app(answer)


# What htmx writes where a page is left while it asks how far something is. Of a request that fails it says sendError.
LEFT = {"htmx:afterRequest", "htmx:sendAbort"}


@pytest.fixture
def complaints(page, live_server):
    """What a page must not do: write errors to its console, fail, or ask anybody but us."""
    said = []
    page.on(
        "console",
        lambda line: said.append(line.text) if line.type in {"error", "warning"} and line.text not in LEFT else None,
    )
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
    settle(page)
    control.focus()
    page.keyboard.press("Enter")


def settle(page):
    """Wait until what was asked for is drawn, and means something to the keyboard."""
    page.wait_for_function("!document.querySelector('.htmx-request, .htmx-swapping, .htmx-settling')")
