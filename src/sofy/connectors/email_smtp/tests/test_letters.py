"""What a mail says of how to receive no more."""

from email import message_from_bytes, policy

import pytest

from sofy.connectors.email_smtp.config import Config
from sofy.connectors.email_smtp.letters import Letters
from sofy.connectors.email_smtp.tests.test_connector import URL, outgoing
from sofy.kernel.content import OPT_OUT_URL


@pytest.mark.clause("CGVU 17")
def test_the_address_where_one_click_is_enough_stands_in_both_forms_and_in_the_header():
    letters = Letters(Config(host="127.0.0.1", hook_secret="0123456789abcdef"))

    mail = message_from_bytes(letters.write(outgoing()).data, policy=policy.default)

    for kind in ("plain", "html"):
        words = mail.get_body((kind,)).get_content()
        assert URL in words
        assert OPT_OUT_URL not in words
    assert mail["List-Unsubscribe"] == f"<{URL}>"
