import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.screens import signed_in

pytestmark = pytest.mark.django_db


def policy(answer):
    parts = (part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
    return dict(parts)


@pytest.mark.parametrize("address", ["/", "/healthz", "/api/v1/orders/", "/api/v1/nothing/", "/nowhere"])
def test_what_is_no_page_may_load_nothing(address):
    assert policy(Client().get(address)) == {
        "default-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }


def test_no_script_written_into_a_page_runs():
    for address in ("/admin/login/", "/api/docs/"):
        scripts = policy(Client().get(address))["script-src"]
        assert "'unsafe-inline'" not in scripts
        assert "'self'" in scripts


def test_only_the_admin_evaluates():
    assert "'unsafe-eval'" in policy(signed_in(is_superuser=True).get("/admin/"))["script-src"]
    assert "'unsafe-eval'" not in policy(Client().get("/api/docs/"))["script-src"]


def test_the_api_documentation_has_its_script_in_a_file_of_its_own():
    page = Client().get("/api/docs/").content.decode()
    script = Client().get("/api/docs/?script=")

    assert "SwaggerUIBundle({" not in page
    assert script.headers["Content-Type"].startswith("application/javascript")


@pytest.mark.parametrize("address", ["/admin/login/", "/api/docs/", "/api/v1/orders/"])
def test_browsers_are_told_what_no_page_of_ours_needs(address):
    headers = Client().get(address).headers

    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]


def test_a_form_that_is_too_large_is_refused():
    client = signed_in(is_superuser=True)

    answer = client.post("/admin/workspace/source/add/", {"name": "x" * (2 * 1024 * 1024 + 1)})

    assert answer.status_code in {400, 413}


def test_files_are_refused_in_number():
    files = {f"file-{number}": SimpleUploadedFile("a.csv", b"x") for number in range(2)}

    answer = signed_in(is_superuser=True).post("/admin/workspace/source/add/", files)

    assert answer.status_code == 400
