"""`sofy fraud` prints one line per line, and the figures of a measurement."""

import json
import subprocess
import sys

from sofy.project import cli


def _trace(path, count=300):
    rows = [{"t": 1_790_000_000 + n, "client": "a", "to": f"+99293{n:07d}", "purpose": "alert"} for n in range(count)]
    path.write_text("\n".join(json.dumps(row) for row in rows))
    return path


def test_each_line_gets_its_verdict_with_reasons_and_instant(tmp_path, capsys):
    status = cli.main(["fraud", "replay", str(_trace(tmp_path / "trace.jsonl")), "--json"])

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert status == 0
    assert len(lines) == 300
    assert lines[0] | {"verdict": "allow", "t": 1_790_000_000, "reasons": []} == lines[0]
    assert lines[-1]["verdict"] == "block"
    assert "sequence" in lines[-1]["reasons"]


def test_a_summary_counts(tmp_path, capsys):
    cli.main(["fraud", "replay", str(_trace(tmp_path / "trace.jsonl")), "--json", "--summary"])

    told = json.loads(capsys.readouterr().out)
    assert told["lines"] == 300
    assert sum(told["verdicts"].values()) == 300


def test_a_line_that_cannot_be_read_is_named(tmp_path, capsys):
    path = tmp_path / "trace.jsonl"
    path.write_text('{"t": 1}\n')

    status = cli.main(["fraud", "replay", str(path), "--json"])

    told = json.loads(capsys.readouterr().out)
    assert status == 1
    assert told["error"] == "trace_field"
    assert (told["line"], told["field"]) == (1, "client")


def test_the_detector_is_measured(capsys):
    status = cli.main(["fraud", "evaluate", "--traces", "1", "--seed", "3", "--attack", "sequential", "--json"])

    told = json.loads(capsys.readouterr().out)
    assert status == 0
    assert told["recall"] > 0.9
    assert told["precision"] > 0.9


def test_who_has_read_enough_of_a_replay_sees_no_error(tmp_path):
    path = _trace(tmp_path / "trace.jsonl", 2000)
    command = [sys.executable, "-m", "sofy.project.cli", "fraud", "replay", str(path), "--json"]

    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.readline()
        process.stdout.close()
        complaint = process.stderr.read()

    assert complaint == b""
