"""The simulated platform as a process: it says where it is, answers, and tells at the end what happened."""

import http.client
import json
import os
import signal
import subprocess
import sys


def test_it_starts_answers_and_ends_with_a_summary():
    command = [sys.executable, "-m", "sofy.sandbox.approved_platform", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        connection = http.client.HTTPConnection("127.0.0.1", ready["port"], timeout=10)
        connection.request("GET", "/v1/healthcheck")
        health = connection.getresponse()

        assert (health.status, json.loads(health.read())) == (200, {"status": "UP"})
        connection.close()
        process.send_signal(signal.SIGTERM)
        assert json.loads(process.stdout.readline()) == {"requests": 0, "flows": 0, "invoices": 0}
        assert process.wait(10) == 0


def test_it_never_runs_in_production():
    environment = os.environ | {"SOFY_ENVIRONMENT": "production"}

    done = subprocess.run(
        [sys.executable, "-m", "sofy.sandbox.approved_platform"], env=environment, capture_output=True, text=True
    )

    assert done.returncode != 0
    assert "production" in done.stderr
