"""What a create request may say, and what each refusal is about."""

import json
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from playground.emulator.models import FLUX_PIXELS, MODELS, cost_usd, flux_pixels, gpt_pixels
from playground.emulator.orders import FLUX_SIZES, parse_order
from playground.emulator.refusals import RefusalError


def order(**body):
    body = {"model": "flux-2-flex", "prompt": "a red bicycle", **body}
    return parse_order(json.dumps(body).encode(), is_rounded=False)


def refused(**body) -> str:
    with pytest.raises(RefusalError) as caught:
        order(**body)
    assert caught.value.status_code == 400
    assert caught.value.body["error"]["code"] == "invalid_request"
    return caught.value.body["error"]["message"]


def test_the_defaults_are_the_documented_ones():
    result = order()

    assert (result.size, result.resolution) == ("1:1", "1K")
    assert (result.width_px, result.height_px) == (1024, 1024)
    assert (result.reference_urls, result.client_business_id) == ((), None)


@pytest.mark.parametrize(
    ("size", "resolution", "pixels"),
    [
        ("1:1", "2K", (2048, 2048)),
        ("4:3", "1K", (1365, 1024)),
        ("3:4", "2K", (2048, 2730)),
        ("16:9", "2K", (3640, 2048)),
        ("9:16", "1K", (1024, 1820)),
        ("3:2", "1K", (1536, 1024)),
        ("2:3", "2K", (2048, 3072)),
    ],
)
def test_sizes_have_the_published_pixels(size, resolution, pixels):
    result = order(size=size, metadata={"resolution": resolution})

    assert (result.width_px, result.height_px) == pixels


def test_every_size_exists_at_both_resolutions():
    assert len(FLUX_PIXELS) == 14
    assert FLUX_SIZES == ("1:1", "4:3", "3:4", "16:9", "9:16", "3:2", "2:3")


@pytest.mark.parametrize("key", sorted(FLUX_PIXELS))
def test_rounded_pixels_follow_the_makers_rules(key):
    width_px, height_px = flux_pixels(*key, is_rounded=True)
    nominal = FLUX_PIXELS[key]

    assert width_px % 16 == height_px % 16 == 0
    assert width_px * height_px <= 4 * 1024 * 1024
    assert abs(width_px / height_px - nominal[0] / nominal[1]) < 0.03


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"model": None}, "model"),
        ({"model": 7}, "model"),
        ({"model": "flux-9"}, "flux-9"),
        ({"prompt": None}, "prompt"),
        ({"prompt": " \n"}, "prompt"),
        ({"prompt": ["a"]}, "prompt"),
        ({"size": "1024x1024"}, "size"),
        ({"size": 1}, "size"),
        ({"metadata": "1K"}, "metadata"),
        ({"metadata": {"resolution": "4K"}}, "metadata.resolution"),
        ({"metadata": {"resolution": "1k"}}, "metadata.resolution"),
        ({"metadata": {"resolution": ["1K"]}}, "metadata.resolution"),
        ({"image_urls": "http://example.com/a.png"}, "list"),
        ({"image_urls": [{"url": "http://example.com/a.png"}]}, "strings"),
        ({"image_urls": ["data:image/png;base64,iVBORw0KGgo="]}, "base64"),
        ({"image_urls": ["iVBORw0KGgo="]}, "base64"),
        ({"image_urls": ["ftp://example.com/a.png"]}, "http(s)"),
        ({"image_urls": ["https://"]}, "http(s)"),
        ({"image_urls": ["http://[::1"]}, "http(s)"),
        ({"image_urls": ["https://example.com/a.png"] * 9}, "at most 8"),
        ({"client_business_id": 7}, "client_business_id"),
        ({"client_business_id": "x" * 129}, "client_business_id"),
        ({"client_business_id": "a\nb"}, "client_business_id"),
        ({"client_business_id": "\ud83d"}, "client_business_id"),
        ({"callback_url": 7}, "callback_url"),
        ({"model": "gpt-image-2", "n": 0}, "n must"),
        ({"model": "gpt-image-2", "n": True}, "n must"),
        ({"model": "gpt-image-2", "size": "big"}, "size"),
        ({"model": "gpt-image-2", "resolution": "8k"}, "resolution"),
    ],
)
def test_a_bad_parameter_is_refused_by_name(body, named):
    assert named in refused(**body)


def test_eight_references_pass():
    urls = [f"https://example.com/{n}.png" for n in range(8)]

    assert order(image_urls=urls).reference_urls == tuple(urls)


def test_null_is_the_same_as_absent():
    result = order(size=None, metadata=None, image_urls=None, client_business_id=None)

    assert result.size == order().size
    assert order(metadata={"resolution": None}).resolution == "1K"


def test_flux_reads_the_resolution_in_metadata_and_gpt_at_the_top():
    assert order(resolution="2K").resolution == "1K"
    assert order(model="gpt-image-2", resolution="2k").resolution == "2K"
    assert order(model="gpt-image-2", metadata={"resolution": "2K"}).resolution == "1K"


@pytest.mark.parametrize(
    ("size", "resolution", "pixels"),
    [
        ("auto", "1K", (1024, 1024)),
        ("16:9", "1K", (1808, 1024)),
        ("2:1", "4K", (3840, 1920)),
        ("640x480", "1K", (640, 480)),
        ("99999x10", "1K", None),
        ("8x8", "1K", None),
        ("1024X1024", "1K", None),
        ("²x²", "1K", None),
    ],
)
def test_gpt_sizes_are_ratios_or_pixels(size, resolution, pixels):
    assert gpt_pixels(size, resolution) == pixels


@pytest.mark.parametrize(
    ("model", "resolution", "credits", "usd"),
    [
        ("flux-2-pro", "1K", "5", "0.025"),
        ("flux-2-pro", "2K", "7", "0.035"),
        ("flux-2-flex", "1K", "14", "0.07"),
        ("flux-2-flex", "2K", "24", "0.12"),
    ],
)
def test_prices_are_those_of_the_reference_reseller(model, resolution, credits, usd):
    price = MODELS[model].credits[resolution]

    assert price == Decimal(credits)
    assert cost_usd(price) == Decimal(usd)


@given(st.binary(max_size=200))
def test_any_bytes_are_an_order_or_a_refusal(raw):
    with pytest.raises(RefusalError):
        parse_order(raw, is_rounded=False)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


# The first text that is ever drawn waits for a table of all characters.
@settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(
            ["size", "metadata", "image_urls", "client_business_id", "callback_url", "n"]
        ),
        JSON,
        max_size=3,
    ),
    st.sampled_from(sorted(MODELS)),
)
def test_any_value_in_any_field_is_an_order_or_a_refusal(body, model):
    raw = json.dumps({"model": model, "prompt": "x", **body}).encode()
    try:
        result = parse_order(raw, is_rounded=True)
    except RefusalError as refusal:
        status_code = refusal.status_code
    else:
        status_code = 200
        assert result.credits > 0
        assert min(result.width_px, result.height_px) >= 16

    assert status_code in {200, 400}
