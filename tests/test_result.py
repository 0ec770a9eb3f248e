"""A finished comparison as Python and a notebook see it."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from playground import open_playground
from playground.schema import RunStatus
from playground.settings import Settings
from tests.engine_rig import HURRY

pytestmark = pytest.mark.anyio
HOSTILE = '<img src=x onerror=alert(1)> "quoted" & {{x}}'


async def finished(tmp_path):
    settings = Settings(data_dir=tmp_path, emulator_speed=100.0)
    async with open_playground(settings, patience=HURRY) as playground:
        return await playground.compare(HOSTILE)


async def test_it_shows_both_pictures_inline_and_nothing_of_the_prompt_as_markup(tmp_path):
    result = await finished(tmp_path)
    page = result._repr_html_()

    assert page.count('src="data:image/jpeg;base64,') == 2
    assert "<img src=x" not in page
    assert "EMULATED" in page
    assert "$0.07 charged" in page
    assert str(tmp_path) not in page
    assert repr(result).endswith("2 of 2 pictures, emulated>")


async def test_as_json_it_is_plain_and_exact(tmp_path):
    result = await finished(tmp_path)
    document = json.loads(json.dumps(result.to_json()))

    assert document["charged_usd"] == "0.095"
    assert document["runs"][0]["prompt"] == HOSTILE
    assert document["runs"][0]["charged_usd"] == "0.07"


async def test_a_sum_with_an_unknown_part_is_unknown(tmp_path):
    result = await finished(tmp_path)
    flex, pro = result.runs
    unknown = replace(result, runs=(flex, replace(pro, charged_usd=None)))
    refused = replace(result, runs=(flex, replace(pro, charged_usd=None, status=RunStatus.REFUSED)))

    assert result.charged_usd == Decimal("0.095")
    assert unknown.charged_usd is None
    assert refused.charged_usd == Decimal("0.07")
    assert not refused.is_complete
