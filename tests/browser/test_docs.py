import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LIGHT, DARK = "rgb(250, 250, 250)", "rgb(28, 32, 34)"


def test_the_apis_page_is_light_or_dark_as_the_system_is(page, complaints, live_server, picture):
    page.emulate_media(color_scheme="dark")
    page.goto(f"{live_server.url}/api/docs/")

    expect(page.get_by_role("heading", name="Order Status API")).to_be_visible()
    expect(page.locator("body")).to_have_css("background-color", DARK)
    expect(page.locator(".swagger-ui")).to_have_css("background-color", DARK)
    expect(page.locator(".swagger-ui .opblock-summary").first).to_be_visible()
    picture("docs-dark")
    page.emulate_media(color_scheme="light")
    expect(page.locator("body")).to_have_css("background-color", LIGHT)
