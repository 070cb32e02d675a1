"""The JSON log: every line an object with the documented fields, and no log ends a run."""

from __future__ import annotations

import json
import logging
import os
import re
import signal
import warnings
from datetime import datetime
from unittest import mock

import pytest

from simulator import event_log, pipeline
from simulator.engine import progress, session
from simulator.errors import RunError
from simulator.results.store import open_run
from tests.resumable import Stopping, small_tasks
from tests.smoke import ROOT, SMOKE
from tests.test_cli import call

PAGE = (ROOT / "docs" / "nightly.md").read_text()
COMMON = {"ts", "level", "event", "run"}
QUICK = ("--threads", 1, "--no-report", "--quiet")


def documented():
    """Fields of each event, from the tables of docs/nightly.md."""
    fields_by_event = {}
    for name, fields in re.findall(
        r"^\| `(\w+)` \| [^|]* \| (.*) \|$", PAGE.partition("| event | when |")[2], re.MULTILINE
    ):
        fields_by_event[name] = set(re.findall(r"`(\w+)`", re.sub(r"\([^)]*\)", "", fields)))
    return fields_by_event


FIELDS = documented()


def read(text):
    """The events of a log, each checked against the documentation."""
    events = []
    for line in text.splitlines():
        event = json.loads(line)
        assert set(event) >= COMMON
        assert event["level"] in ("info", "warning", "error")
        assert event["event"] in FIELDS, event
        assert set(event) - COMMON <= FIELDS[event["event"]], event
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event["ts"])
        events.append(event)
    assert [event["ts"] for event in events] == sorted(event["ts"] for event in events)
    return events


def named(events, name):
    return [event for event in events if event["event"] == name]


def test_the_page_documents_events():
    assert {"start", "compile", "progress", "checkpoint", "stop", "warning", "error", "end", "night_end"} <= set(FIELDS)
    assert FIELDS["checkpoint"] == {"paths", "seconds"}


def test_a_run_is_told_from_start_to_end(tmp_path, monkeypatch):
    monkeypatch.setattr(event_log, "PROGRESS_SECONDS", 0.0)
    log, out = tmp_path / "log", tmp_path / "r"
    with small_tasks(1024):
        said = call("run", SMOKE, "--paths", 3000, "--out", out, *QUICK, "--checkpoint", ".001s", "--log-json", log)
    assert said.exit_code == 0, said.output
    assert said.stderr == ""
    events = read(log.read_text())
    names = [event["event"] for event in events]
    assert [name for name in names if name not in ("progress", "checkpoint", "stage")] == [
        "start", "compile", "stop", "end",
    ]  # fmt: skip
    assert {event["run"] for event in events} == {str(out)}
    done = open_run(out)
    (start,), (end,), (stop,) = (named(events, name) for name in ("start", "end", "stop"))
    assert start["config_hash"] == done.manifest["config_hash"]
    assert (start["seed"], start["paths"], start["resumed_at"]) == (1, 3000, None)
    assert (end["digest"], end["exit_code"]) == (done.manifest["digest"], 0)
    assert {key: stop[key] for key in ("rule", "asked", "reached")} == done.summary["stop"]
    assert [event["paths"] for event in named(events, "progress")] == [1024, 2048, 3000]
    assert all(event["of"] == 3000 and event["paths_per_s"] > 0 for event in named(events, "progress"))
    assert named(events, "checkpoint")[-1]["paths"] == 2048
    assert "simulating 3,000 paths, 1 thread" in [event["message"] for event in named(events, "stage")]


def test_a_log_is_appended_to(tmp_path):
    log = tmp_path / "log"
    log.write_text('{"mine": 1}\n')
    for _ in range(2):
        call("run", tmp_path / "no.toml", "--log-json", log)
    first, *rest = log.read_text().splitlines()
    assert first == '{"mine": 1}'
    assert len(read("\n".join(rest))) == 4


def test_mistakes_are_told_too(tmp_path):
    log = tmp_path / "log"
    said = call("run", SMOKE, "--set", "months=3", "--paths", "no", "--log-json", log)
    assert said.exit_code == 2
    error, end = read(log.read_text())
    assert (error["event"], error["level"], error["kind"]) == ("error", "error", "ConfigError")
    assert len(error["mistakes"]) == 2
    assert (end["event"], end["exit_code"]) == ("end", 2)


def test_a_failure_is_told_with_its_traceback_if_nobody_expected_it(tmp_path):
    for error, trace in ((RunError("no luck"), False), (ZeroDivisionError("oops"), True)):
        log = tmp_path / f"{trace}"
        with mock.patch.object(pipeline, "execute", side_effect=error):
            assert call("run", SMOKE, "--log-json", log, "--quiet").exit_code == 1
        record, end = read(log.read_text())
        assert record["message"].startswith("no luck" if not trace else "ZeroDivisionError: oops")
        assert ("Traceback" in record.get("traceback", "")) == trace
        assert end["exit_code"] == 1


def test_a_signal_is_told(tmp_path):
    log, out = tmp_path / "log", tmp_path / "r"
    with small_tasks(1024), mock.patch.object(session, "meter", return_value=Stopping(1, signal.SIGTERM)):
        said = call("run", SMOKE, "--paths", 5000, "--out", out, *QUICK, "--log-json", log)
    assert said.exit_code == 143
    events = read(log.read_text())
    assert [event["event"] for event in events[-3:]] == ["checkpoint", "interrupted", "end"]
    assert events[-1]["exit_code"] == 143
    assert "1,024 paths are kept" in events[-2]["message"]


def test_a_night_is_told_run_by_run(tmp_path):
    log, out = tmp_path / "log", tmp_path / "n"
    said = call(
        "run", SMOKE, tmp_path / "no.toml", "--out", out, "--paths", 64, *QUICK, "--log-json", log
    )  # fmt: skip
    assert said.exit_code == 1
    events = read(log.read_text())
    assert events[0]["event"] == "night_start"
    assert events[0]["runs"] == ["smoke", "no"]
    ends = {event["run"]: event["exit_code"] for event in named(events, "end")}
    assert ends == {str(out / "smoke"): 0, str(out / "no"): 2}
    assert events[-1]["event"] == "night_end"
    assert (events[-1]["finished"], events[-1]["refused"], events[-1]["exit_code"]) == (1, 1, 1)


def test_a_minus_means_stderr(tmp_path):
    said = call("run", tmp_path / "no.toml", "--log-json", "-")
    lines = said.stderr.splitlines()
    assert [json.loads(line)["event"] for line in lines[:2]] == ["error", "end"]
    assert lines[-1] == "1 error, nothing was run."


def test_an_option_is_no_file_or_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = call("run", SMOKE, "--paths", 64, "--log-json", "--out", "--quiet")
    assert said.exit_code == 2
    assert "--log-json: given --out, wanted a file (./--out for one of that name)" in said.stderr
    said = call("run", SMOKE, "--paths", 64, "--out", "--quiet")
    assert said.exit_code == 2
    assert "--out: given --quiet, wanted a folder (./--quiet for one of that name)" in said.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("where", ["", "nowhere/log", "."])
def test_a_log_that_cannot_be_opened_is_a_mistake_like_others(tmp_path, where, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = call("run", SMOKE, "--paths", "no", "--log-json", where)
    assert said.exit_code == 2
    assert f"--log-json: given {where}, which cannot be written (" in said.stderr
    assert "2 errors, nothing was run." in said.stderr


def test_a_full_disk_ends_no_run_and_is_said_once(tmp_path):
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full")
    said = call("run", SMOKE, "--paths", 64, "--out", tmp_path / "r", *QUICK, "--log-json", "/dev/full")
    assert said.exit_code == 0, said.output
    assert said.stderr == "warning: /dev/full: the log cannot be written (No space left on device); the run goes on\n"


def test_a_line_that_was_cut_short_stays_a_line(tmp_path):
    handler = event_log.JsonLines(str(tmp_path / "log"))
    whole = handler._file

    class Short:
        """A disk with room for ten bytes, once."""

        room = 10

        def write(self, data):
            if self.room == 0:
                self.room = -1
                raise OSError(28, "No space left on device")
            n = len(data) if self.room < 0 else self.room
            self.room = min(self.room, 0)
            return whole.write(data[:n])

        def close(self):
            whole.close()

    handler._file = Short()
    with event_log.events_to(handler):
        event_log.log_event("stage", message="one")
        event_log.log_event("stage", message="two")
    first, second = (tmp_path / "log").read_text().splitlines()
    assert len(first) == 10
    assert json.loads(second)["message"] == "two"


def test_numbers_that_json_cannot_hold_are_null(tmp_path):
    with event_log.events_to(event_log.JsonLines(str(tmp_path / "log"))):
        fields = {"paths": float("nan"), "of": [float("inf"), {"x": -float("inf")}], "seconds": tmp_path}
        event_log.log_event("progress", **fields)
    record = json.loads((tmp_path / "log").read_text(), parse_constant=pytest.fail)
    assert (record["paths"], record["of"], record["seconds"]) == (None, [None, {"x": None}], str(tmp_path))


def test_warnings_are_told_while_there_is_a_log(tmp_path):
    shown = warnings.showwarning
    with warnings.catch_warnings(record=True) as seen:
        with event_log.events_to(event_log.JsonLines(str(tmp_path / "log"))):
            warnings.showwarning("odd", RuntimeWarning, "x.py", 1)
        assert len(seen) == 1
    (record,) = read((tmp_path / "log").read_text())
    assert (record["level"], record["message"], record["kind"]) == ("warning", "odd", "RuntimeWarning")
    assert warnings.showwarning is shown


def test_without_a_log_nothing_is_told(caplog):
    assert not event_log.has_listeners()
    assert isinstance(progress.meter(10, quiet=True), progress.Silent)
    event_log.log_event("stage", message="nobody hears it")
    assert not caplog.records
    with event_log.events_to(logging.NullHandler()):
        assert event_log.has_listeners()
        assert isinstance(progress.meter(10, quiet=True), progress.Logged)


def test_times_are_in_utc(tmp_path):
    with event_log.events_to(event_log.JsonLines(str(tmp_path / "log"))):
        event_log.log_event("stage", message="now")
    (record,) = read((tmp_path / "log").read_text())
    assert abs(datetime.fromisoformat(record["ts"]).timestamp() - datetime.now().timestamp()) < 60
