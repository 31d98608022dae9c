from pathlib import Path

import pytest

from sofy.kernel import config
from sofy.kernel.config import Config, ConfigError

PRODUCTION = {"SOFY_ENVIRONMENT": "production", "SOFY_BASE_URL": "https://sofy.example"}


def test_an_empty_environment_gives_a_working_development_setting():
    found = Config.load({})

    assert found.environment == "development"
    assert found.database_url is None
    assert found.secrets_dir == Path("var/secrets")
    assert found.master_key_file == Path("var/secrets/master.key")
    assert found.base_url == "http://localhost:8000"
    assert found.fictional_numbers


def test_each_value_is_read_in_its_type():
    found = Config.load(
        {
            "SOFY_ENVIRONMENT": "demo",
            "SOFY_WEB_PORT": "8123",
            "SOFY_VAR_DIR": "/srv/sofy",
            "SOFY_SECRETS_DIR": "/etc/sofy",
            "SOFY_CLOCK_FILE": "/srv/sofy/clock",
            "SOFY_SMTP_TLS": "No",
            "SOFY_BASE_URL": "https://sofy.example/",
        }
    )

    assert (found.web_port, found.var_dir, found.smtp_tls) == (8123, Path("/srv/sofy"), False)
    assert found.master_key_file == Path("/etc/sofy/master.key")
    assert found.clock_file == Path("/srv/sofy/clock")
    assert found.base_url == "https://sofy.example"


def test_the_address_follows_the_port():
    assert Config.load({"SOFY_WEB_PORT": "9000"}).base_url == "http://localhost:9000"


def test_an_empty_variable_is_as_good_as_none():
    assert Config.load({"SOFY_WEB_PORT": "", "SOFY_DATABASE_URL": ""}) == Config.load({})


def test_a_value_may_lie_in_a_file():
    files = {"/run/secrets/smtp": "s3same\n"}

    found = Config.load({"SOFY_SMTP_PASSWORD_FILE": "/run/secrets/smtp"}, read_file=files.__getitem__)

    assert found.smtp_password == "s3same"


def _missing(path: str) -> str:
    raise FileNotFoundError(2, "No such file or directory", path)


@pytest.mark.parametrize(
    ("_case", "mapping", "variable", "says"),
    [
        ("no such environment", {"SOFY_ENVIRONMENT": "prod"}, "SOFY_ENVIRONMENT", "'prod'"),
        ("port in words", {"SOFY_WEB_PORT": "http"}, "SOFY_WEB_PORT", "'http'"),
        ("port out of range", {"SOFY_WEB_PORT": "70000"}, "SOFY_WEB_PORT", "65535"),
        ("neither yes nor no", {"SOFY_SMTP_TLS": "maybe"}, "SOFY_SMTP_TLS", "maybe"),
        ("both forms", {"SOFY_SMTP_USER": "a", "SOFY_SMTP_USER_FILE": "/a"}, "SOFY_SMTP_USER", "not both"),
        ("file that is not there", {"SOFY_SMTP_USER_FILE": "/a"}, "SOFY_SMTP_USER_FILE", "/a"),
        ("shifted clock", {**PRODUCTION, "SOFY_CLOCK_FILE": "/c"}, "SOFY_CLOCK_FILE", "production"),
        ("plain http", {**PRODUCTION, "SOFY_BASE_URL": "http://x"}, "SOFY_BASE_URL", "https"),
    ],
)
def test_a_wrong_setting_stops_the_start_and_says_which(_case, mapping, variable, says):
    with pytest.raises(ConfigError) as refused:
        Config.load(mapping, read_file=_missing)

    assert str(refused.value).startswith(f"{variable}: ")
    assert says in str(refused.value)


def test_production_refuses_fictional_numbers_and_takes_everything_else():
    found = Config.load(PRODUCTION)

    assert found.production
    assert not found.fictional_numbers


@pytest.mark.parametrize("environment", ["development", "demo", "training", "test"])
def test_a_shifted_clock_is_for_everything_but_production(environment):
    assert Config.load({"SOFY_ENVIRONMENT": environment, "SOFY_CLOCK_FILE": "/c"}).clock_file == Path("/c")


def test_secrets_are_never_shown():
    found = Config.load({"SOFY_SMTP_PASSWORD": "s3same", "SOFY_DATABASE_URL": "postgresql://a:s3same@h/d"})

    assert "s3same" not in repr(found)
    assert "s3same" not in str(found)
    assert "database_url='***'" in repr(found)


def test_every_setting_is_described():
    found = list(config.settings())

    assert {s.name for s in found} == set(Config.__struct_fields__)
    assert all(s.description.endswith(".") for s in found)
    assert {s.name for s in found if s.secret} == {"database_url", "smtp_password", "platform_client_secret"}


@pytest.mark.parametrize("address", ["mysql://u:secret@h/d", "h=1 password=secret"])
def test_the_database_is_a_postgresql_and_its_password_is_not_repeated(address):
    with pytest.raises(ConfigError) as caught:
        Config.load({"SOFY_DATABASE_URL": address})

    assert "postgresql://" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_misspelt_variables_are_noticed():
    unknown = config.unknown_variables(
        {
            "SOFY_DATABSE_URL": "x",
            "SOFY_SMTP_USER_FILE": "/",
            "PATH": "/",
            "SOFY_QQ": "",
            "SOFY_NO_BROWSER": "1",
            "SOFY_TEST_RUN": "7",
        }
    )

    assert unknown == {"SOFY_DATABSE_URL": "SOFY_DATABASE_URL", "SOFY_QQ": None}
