"""Every screen there is, as the matrix of permissions names them: quiet, no wider than a phone, and without a serious
violation that axe-core knows of."""

from pathlib import Path

import pytest

from tests.browser.conftest import SIZES
from tests.campaigns.conftest import clock, memory, shop  # noqa: F401 - fixtures
from tests.everything import one_of_everything
from tests.matrix import fill, screens

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

AXE = (Path(__file__).parent / "axe" / "axe.min.js").read_text()
# What Swagger UI draws is its own.
LOOK = """async () => {
    const found = await axe.run({exclude: ["#swagger-ui"]}, {resultTypes: ["violations"]});
    return found.violations
        .filter(one => ["serious", "critical"].includes(one.impact))
        .map(one => `${one.id}: ${one.nodes.map(node => node.target.join(" ")).join(", ")}`);
}"""
BEYOND = "document.documentElement.scrollWidth - window.innerWidth"
# Many short tests find their place between others, where one long one would be waited for by all.
PARTS = 6


def addresses(things):
    """Those that draw a page for an administrator."""
    rows = [row for row in screens() if "GET" in row.methods and row.cells[2] == "yes"]
    return sorted({fill(row.route, things) for row in rows})


def is_page(answer):
    """Not a redirection, data, or a piece of a page."""
    return answer.status == 200 and "<!doctype html>" in answer.text().lower()


@pytest.mark.parametrize(
    ("size", "scheme"),
    [
        ("desktop", "light"),
        pytest.param("phone", "dark", marks=pytest.mark.proof),
        pytest.param("phone", "light", marks=pytest.mark.proof),
        pytest.param("desktop", "dark", marks=pytest.mark.proof),
    ],
)
@pytest.mark.parametrize("part", range(PARTS))
def test_every_screen_is_quiet_fits_a_phone_and_is_for_everyone(
    page, visit, live_server, shop, settings, shoot, part, size, scheme  # noqa: F811
):  # fmt: skip
    settings.DEMO = True
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    flaws, looked_at = [], 0

    for address in addresses(one_of_everything(shop))[part::PARTS]:
        if not is_page(page.request.get(live_server.url + address, max_redirects=0)):
            continue
        page.set_viewport_size(SIZES[size])
        visit(address)
        page.evaluate(AXE)
        flaws += [f"{address} {found}" for found in page.evaluate(LOOK)]
        page.set_viewport_size(SIZES["phone"])
        if (beyond := page.evaluate(BEYOND)) > 0:
            flaws.append(f"{address} is {beyond} px wider than a phone")
        shoot(address.strip("/").replace("/", "-"))
        looked_at += 1

    assert looked_at > 5
    assert not flaws, "\n".join(flaws)
