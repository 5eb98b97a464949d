"""As test_api_schema.py, with a hundred examples and every combination that schemathesis thinks of."""

import pytest
from hypothesis import settings as effort

from tests.orderstatus_project.test_api_schema import (
    UNHURRIED,
    api,  # noqa: F401 - fixture
    check,
    load,
    one_connection,  # noqa: F401 - fixture
)

whole_schema = load(thorough=True)


@pytest.mark.proof
@whole_schema.parametrize()
@effort(max_examples=100, **UNHURRIED)
def test_however_much_is_sent_the_answer_is_one_of_the_schemas(case, api):  # noqa: F811
    check(case, api)
