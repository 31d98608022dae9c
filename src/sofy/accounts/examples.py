"""Programs a developer can copy: they send one alert to a number of fiction. Pure."""

import json
from typing import Final

#: A number of the range that is kept for fiction: nobody has it.
NUMBER: Final = "+33639980001"
_REFERENCE: Final = "1234"

_CURL: Final = """curl {address} \\
  -H "Authorization: Bearer $SOFY_API_KEY" \\
  -H "Content-Type: application/json" \\
  -H "Idempotency-Key: {reference}" \\
  -d '{body}'
"""
_PYTHON: Final = """import json
import os
import urllib.request

message = {message}
request = urllib.request.Request(
    "{address}",
    data=json.dumps(message).encode(),
    headers={{
        "Authorization": f"Bearer {{os.environ['SOFY_API_KEY']}}",
        "Content-Type": "application/json",
        "Idempotency-Key": message["reference"],
    }},
)
with urllib.request.urlopen(request) as answer:
    print(answer.status, json.load(answer))
"""
_ANSWER: Final = {
    "id": "0199f3c2-8a41-7d06-9b3e-5c1f0a7e2d94",
    "status": "accepted",
    "parts": 1,
    "cost_estimate": "0.045",
}


def sending(api_url: str, *, sender: str, text: str) -> dict[str, str]:
    """The same request with curl and with Python, and what is answered; `text` has no apostrophe, for the shell."""
    message = {"to": NUMBER, "channel": "sms", "purpose": "alert", "sender": sender, "text": text}
    written = json.dumps(message | {"reference": _REFERENCE}, ensure_ascii=False, indent=4)
    address = f"{api_url}/v1/messages"
    return {
        "curl": _CURL.format(address=address, reference=_REFERENCE, body=written),
        "python": _PYTHON.format(address=address, message=written),
        "answer": json.dumps(_ANSWER, indent=4),
    }
