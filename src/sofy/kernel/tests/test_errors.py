import pickle

from sofy.kernel.errors import ConfigError, Refused, SendError


def test_a_refusal_carries_its_code_status_and_facts():
    refused = Refused("campaign_running", 409, campaign="spring")

    assert (refused.code, refused.status, refused.facts) == ("campaign_running", 409, {"campaign": "spring"})
    assert str(refused) == "campaign_running (campaign=spring)"
    assert str(Refused("nothing")) == "nothing"


def test_a_send_error_says_what_the_supplier_said_and_what_follows():
    error = SendError(True, "0x58", "slow_link")

    assert (error.retryable, error.supplier_code, error.action) == (True, "0x58", "slow_link")
    assert str(error) == "supplier answered 0x58: slow_link"


def test_a_config_error_names_the_variable():
    assert str(ConfigError("SOFY_WEB_PORT", "is not a number")) == "SOFY_WEB_PORT: is not a number"


def test_errors_cross_process_borders():
    for error in (Refused("x", 409, a=1), ConfigError("A", "b"), SendError(False, "1", "permanent")):
        back = pickle.loads(pickle.dumps(error))  # noqa: S301 - of our own making

        assert str(back) == str(error)
        assert vars(back) == vars(error)
