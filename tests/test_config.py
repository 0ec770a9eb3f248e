from decimal import Decimal
from pathlib import Path

import pytest

from playground.config import VARIABLES, settings_from_env
from playground.errors import InvalidRequestError

ROOT = Path(__file__).resolve().parent.parent


def test_without_variables_the_emulator_answers_and_both_caps_are_on():
    settings = settings_from_env({})

    assert not settings.is_live
    assert settings.base_url == "https://toapis.com"
    assert settings.data_dir == ROOT / "data"
    assert (settings.session_cap_usd, settings.day_cap_usd) == (Decimal(5), Decimal(20))


def test_every_variable_is_heard():
    settings = settings_from_env(
        {
            "TOAPIS_API_KEY": " sk-abcdefgh ",
            "TOAPIS_BASE_URL": "https://toapis.cn",
            "PLAYGROUND_DATA_DIR": "/elsewhere/data",
            "PLAYGROUND_SESSION_CAP_USD": "0.10",
            "PLAYGROUND_DAY_CAP_USD": "none",
            "PLAYGROUND_WARN_USD": "0.5",
            "PLAYGROUND_DEADLINE_S": "30",
            "PLAYGROUND_RATE_GROUP": "vip",
            "PLAYGROUND_EMULATOR_SPEED": "20",
            "PLAYGROUND_EMULATOR_PORT": "8765",
            "PLAYGROUND_ALLOWED_HOSTS": "a.example, b.example",
        }
    )

    assert settings.api_key == "sk-abcdefgh"
    assert settings.base_url == "https://toapis.cn"
    assert settings.data_dir == Path("/elsewhere/data")
    assert settings.session_cap_usd == Decimal("0.10")
    assert settings.day_cap_usd is None
    assert settings.warn_usd == Decimal("0.5")
    assert settings.deadline_s == 30
    assert settings.rate_group == "vip"
    assert settings.emulator_speed == 20
    assert settings.emulator_port == 8765
    assert settings.allowed_hosts == ("a.example", "b.example")


def test_the_key_is_not_in_the_repr():
    settings = settings_from_env({"TOAPIS_API_KEY": "sk-canary-0123456789"})

    assert "canary" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PLAYGROUND_SESSION_CAP_USD", "five"),
        ("PLAYGROUND_DAY_CAP_USD", "-1"),
        ("PLAYGROUND_WARN_USD", "NaN"),
        ("PLAYGROUND_DEADLINE_S", "0"),
        ("PLAYGROUND_RATE_GROUP", "gold"),
        ("PLAYGROUND_EMULATOR_SPEED", "inf"),
        ("PLAYGROUND_EMULATOR_PORT", "70000"),
    ],
)
def test_a_bad_value_is_named_with_its_variable(name, value):
    with pytest.raises(InvalidRequestError) as caught:
        settings_from_env({name: value})

    assert name in str(caught.value)
    assert value in str(caught.value)


def test_no_setting_is_declared_twice():
    names = [variable.name for variable in VARIABLES]

    assert len(names) == len(set(names))
