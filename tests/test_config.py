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


SPACE = {
    "SPACE_ID": "somebody/flux-2-playground",
    "SPACE_HOST": "somebody-flux-2-playground.hf.space",
}


def test_a_space_is_public_by_itself_and_known_by_its_own_name():
    settings = settings_from_env(SPACE)

    assert settings.is_public
    assert settings.is_space
    assert settings.is_behind_proxy
    assert not settings.is_live
    assert settings.allowed_hosts == (SPACE["SPACE_HOST"], "*.hf.space")


def test_one_s_own_machine_is_not_public_unless_told():
    assert not settings_from_env({}).is_public
    assert settings_from_env({"PLAYGROUND_PUBLIC": "1"}).is_public
    assert not settings_from_env({"PLAYGROUND_PUBLIC": "1"}).is_space


@pytest.mark.parametrize(
    ("caps", "missing"),
    [
        ({}, "PLAYGROUND_VISITOR_CAP_USD"),
        ({"PLAYGROUND_VISITOR_CAP_USD": "0.5"}, "PLAYGROUND_DAY_CAP_USD"),
        ({"PLAYGROUND_DAY_CAP_USD": "5"}, "PLAYGROUND_VISITOR_CAP_USD"),
        (
            {"PLAYGROUND_VISITOR_CAP_USD": "none", "PLAYGROUND_DAY_CAP_USD": "5"},
            "PLAYGROUND_VISITOR_CAP_USD",
        ),
        (
            {"PLAYGROUND_VISITOR_CAP_USD": "0.5", "PLAYGROUND_DAY_CAP_USD": "None"},
            "PLAYGROUND_DAY_CAP_USD",
        ),
    ],
)
def test_a_host_s_key_is_refused_in_public_without_both_caps(caps, missing):
    with pytest.raises(InvalidRequestError, match=missing) as caught:
        settings_from_env({**SPACE, "TOAPIS_API_KEY": "sk-canary-0123456789", **caps})

    assert "canary" not in str(caught.value)


def test_a_host_s_key_with_both_caps_is_lent():
    caps = {"PLAYGROUND_VISITOR_CAP_USD": "0.5", "PLAYGROUND_DAY_CAP_USD": "5"}

    settings = settings_from_env({**SPACE, "TOAPIS_API_KEY": "sk-canary-0123456789", **caps})

    assert settings.is_live
    assert (settings.visitor_cap_usd, settings.day_cap_usd) == (Decimal("0.5"), Decimal(5))


def test_a_password_a_webhook_and_mcp_are_off_until_they_are_set():
    settings = settings_from_env({})

    assert (settings.auth, settings.webhook_secret, settings.is_mcp_on) == (None, None, False)


def test_what_programs_and_agents_need_is_heard():
    settings = settings_from_env(
        {
            "PLAYGROUND_AUTH": "ada:pass:word, with spaces",
            "PLAYGROUND_MCP": "1",
            "PLAYGROUND_WEBHOOK_SECRET": " 0123456789abcdef0123456789abcdef ",
        }
    )

    assert settings.auth == "ada:pass:word, with spaces"
    assert settings.is_mcp_on
    assert settings.webhook_secret == "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PLAYGROUND_AUTH", "canary"),
        ("PLAYGROUND_AUTH", "ada:canary"),
        ("PLAYGROUND_AUTH", ":canarycanary"),
        ("PLAYGROUND_AUTH", "ada:canary\ncanary"),
        ("PLAYGROUND_WEBHOOK_SECRET", "canary"),
        ("PLAYGROUND_WEBHOOK_SECRET", "canary0123456789abcdef0123456789a"),
        ("PLAYGROUND_WEBHOOK_SECRET", "canary€0123456789abcdef0123456"),
    ],
)
def test_a_secret_that_cannot_be_one_is_refused_and_not_repeated(name, value):
    with pytest.raises(InvalidRequestError) as caught:
        settings_from_env({name: value})

    assert name in str(caught.value)
    assert "canary" not in str(caught.value)


def test_mcp_without_its_package_says_what_to_install(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)

    with pytest.raises(InvalidRequestError, match=r'pip install "mcp>=1\.21,<2"'):
        settings_from_env({"PLAYGROUND_MCP": "1"})


HUB = {"PLAYGROUND_HUB_DATASET": "somebody/playground-log", "HF_TOKEN": "hf_canary0123456789"}


def test_a_copy_on_the_hub_needs_a_dataset_and_a_token_that_is_told_nobody():
    settings = settings_from_env(HUB)

    assert settings.hub_dataset == "somebody/playground-log"
    assert settings.hub_token == HUB["HF_TOKEN"]
    assert HUB["HF_TOKEN"] not in repr(settings)
    assert settings_from_env({"HF_TOKEN": HUB["HF_TOKEN"]}).hub_dataset is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HF_TOKEN", ""),
        ("HF_TOKEN", "short"),
        ("HF_TOKEN", "hf_canary with blanks"),
        ("PLAYGROUND_HUB_DATASET", "no-owner"),
        ("PLAYGROUND_HUB_DATASET", "a/b/c"),
        ("PLAYGROUND_HUB_DATASET", "https://somewhere/x"),
    ],
)
def test_a_copy_that_cannot_work_is_told_at_the_start(name, value):
    with pytest.raises(InvalidRequestError, match=name) as caught:
        settings_from_env({**HUB, name: value})

    assert "canary" not in str(caught.value)


def test_a_space_forgets_unless_a_folder_is_named():
    assert settings_from_env(SPACE).is_forgetful
    assert not settings_from_env({**SPACE, "PLAYGROUND_DATA_DIR": "/data"}).is_forgetful
    assert not settings_from_env({"PLAYGROUND_PUBLIC": "1"}).is_forgetful
