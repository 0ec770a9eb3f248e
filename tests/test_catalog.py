import pytest

from playground import catalog
from playground.errors import InvalidRequestError
from playground.schema import Reference, Request

FLEX = "flux-2-flex"


def a_request(**changes) -> Request:
    return Request(**{"model": FLEX, "prompt": "A lighthouse", **changes})


def test_a_plain_request_passes():
    catalog.check(a_request())


@pytest.mark.parametrize(
    ("changes", "field", "named"),
    [
        ({"model": "flux-9"}, "model", "flux-9"),
        ({"prompt": " \n"}, "prompt", "empty"),
        ({"prompt": "a\ud800b"}, "prompt", "position 2"),
        ({"prompt": "x" * 200_001}, "prompt", "200,001"),
        ({"size": "5:4"}, "size", "5:4"),
        ({"resolution": "4K"}, "resolution", "4K"),
        (
            {
                "references": tuple(
                    Reference(name=str(n), url="https://a.example") for n in range(9)
                )
            },
            "references",
            "9",
        ),
    ],
)
def test_what_the_service_would_refuse_is_caught_here(changes, field, named):
    with pytest.raises(InvalidRequestError) as caught:
        catalog.check(a_request(**changes))

    assert caught.value.field == field
    assert named in str(caught.value)


def test_a_prompt_of_100_kb_passes():
    catalog.check(a_request(prompt="ä" * 50_000))


def test_every_offered_pair_has_nominal_pixels():
    for model in catalog.MODELS.values():
        for ratio in model.ratios:
            for resolution in model.resolutions:
                assert catalog.nominal_px(ratio, resolution) is not None


def test_nominal_pixels_are_the_published_ones():
    assert catalog.nominal_px("16:9", "1K") == (1820, 1024)
    assert catalog.nominal_px("9:16", "2K") == (2048, 3640)
    assert catalog.nominal_px("5:4", "1K") is None
