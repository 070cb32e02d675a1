"""When --until is: worked out once, in UTC, in zones that change their clocks; durations on the monotonic clock."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from simulator import pipeline
from simulator.batch import planning, running
from simulator.cli import arguments
from simulator.config import durations
from simulator.config.durations import decide_deadline
from simulator.engine.run_request import RunRequest
from simulator.engine.stopping import StoppingCriteria, StoppingRule
from simulator.errors import ConfigError
from tests.smoke import SMOKE


@pytest.fixture
def zone():
    """Sets the local time zone, and restores it."""
    before = os.environ.get("TZ")

    def set_zone(name):
        os.environ["TZ"] = name
        time.tzset()

    yield set_zone
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


# POSIX names carry their rules: no zone database is needed.
BERLIN = "CET-1CEST,M3.5.0,M10.5.0/3"
LORD_HOWE = "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0"
KOLKATA = "IST-5:30"


@pytest.mark.parametrize(
    ("name", "now", "until", "wanted"),
    [
        ("UTC", "2026-07-01T12:00:00", "12:30", "2026-07-01T12:30:00"),
        ("UTC", "2026-07-01T12:00:00", "06:00", "2026-07-02T06:00:00"),
        ("UTC", "2026-07-01T12:00:00", "12:00", "2026-07-02T12:00:00"),
        ("UTC", "2026-07-01T11:59:59.5", "12:00", "2026-07-01T12:00:00"),
        (KOLKATA, "2026-07-01T12:00:00", "17:31", "2026-07-01T12:01:00"),
        # spring in Berlin, 29 March 2026: 02:00 CET is followed by 03:00 CEST at 01:00 UTC
        (BERLIN, "2026-03-28T22:00:00", "06:00", "2026-03-29T04:00:00"),
        (BERLIN, "2026-03-28T22:00:00", "02:30", "2026-03-29T01:00:00"),  # skipped: as soon as clocks are past it
        (BERLIN, "2026-03-28T22:00:00", "03:00", "2026-03-29T01:00:00"),
        (BERLIN, "2026-03-29T01:00:00", "02:30", "2026-03-30T00:30:00"),
        # autumn in Berlin, 25 October 2026: 02:00 to 03:00 comes twice, first in CEST from 00:00 UTC on
        (BERLIN, "2026-10-24T20:00:00", "02:30", "2026-10-25T00:30:00"),
        (BERLIN, "2026-10-25T00:40:00", "02:30", "2026-10-25T01:30:00"),  # 02:40 CEST: again in 50 minutes
        (BERLIN, "2026-10-25T01:40:00", "02:30", "2026-10-26T01:30:00"),  # 02:40 CET: tomorrow
        (BERLIN, "2026-10-25T00:40:00", "06:00", "2026-10-25T05:00:00"),
        # Lord Howe moves by half an hour: on 5 April 2026 from 02:00 (+11) to 01:30 (+10:30) at 15:00 UTC of the 4th
        (LORD_HOWE, "2026-04-04T14:50:00", "01:45", "2026-04-04T15:15:00"),
        (LORD_HOWE, "2026-04-04T14:40:00", "01:45", "2026-04-04T14:45:00"),
        # and on 4 October 2026 from 02:00 (+10:30) to 02:30 (+11) at 15:30 UTC of the 3rd
        (LORD_HOWE, "2026-10-03T15:00:00", "02:15", "2026-10-03T15:30:00"),
        (LORD_HOWE, "2026-10-03T15:00:00", "02:40", "2026-10-03T15:40:00"),
    ],
)
def test_a_time_of_day_is_the_next_moment_at_which_clocks_show_it(zone, name, now, until, wanted):
    zone(name)
    assert decide_deadline(until, utc(now)).moment == utc(wanted)


def test_what_is_no_time_is_refused():
    for text in ("24:00", "6", "+", "+5", "5min", "06:60", "soon", "٠٦:٠٠", "+٥min", "+8d", "+200h"):
        with pytest.raises(ConfigError, match="--until: given "):
            decide_deadline(text)


def test_a_deadline_is_decided_where_it_is_asked_for_and_nowhere_later(monkeypatch):
    """Two seconds before six, and a start of three seconds: today, not tomorrow."""
    clock = [utc("2026-07-01T05:59:58")]
    monkeypatch.setattr(durations.time, "time", lambda: clock[0])
    request = RunRequest(SMOKE, until=arguments.until("06:00"))
    clock[0] += 3.0
    rule = StoppingRule(request.criteria, deadline=request.deadline)
    assert rule.deadline.moment == utc("2026-07-01T06:00:00")
    assert rule.is_late()
    assert request.deadline.decided == utc("2026-07-01T05:59:58")  # from here `check` counts what a run has left


def test_a_duration_counts_on_the_monotonic_clock(monkeypatch):
    """A clock that is set back a day, or forward, moves no duration."""
    clock, ticks = [1.8e9], [500.0]
    monkeypatch.setattr(durations.time, "time", lambda: clock[0])
    monkeypatch.setattr(durations.time, "monotonic", lambda: ticks[0])
    rule = StoppingRule(StoppingCriteria(None, (), "+8s"))
    clock[0] -= 86_400.0
    ticks[0] += 7.9
    assert not rule.is_late()
    clock[0] += 10 * 86_400.0
    assert not rule.is_late()
    ticks[0] += 0.2
    assert rule.is_late()


def test_a_run_whose_clock_is_set_back_ends_all_the_same(tmp_path, monkeypatch):
    real, began = time.time, time.time()
    monkeypatch.setattr(durations.time, "time", lambda: real() - (86_400.0 if real() > began + 0.5 else 0.0))
    done = pipeline.run(SMOKE, tmp_path / "run", until="+1s", draw=False, threads=1)
    assert (done.summary["stop"]["rule"], done.summary["stop"]["asked"]) == ("until", "+1s")
    assert real() - began < 60.0


def test_a_run_of_a_night_counts_its_own_duration_from_its_own_beginning(tmp_path, monkeypatch):
    ticks = [0.0]
    monkeypatch.setattr(durations.time, "monotonic", lambda: ticks[0])
    file = tmp_path / "night.toml"
    file.write_text(f"[[runs]]\nconfig = '{SMOKE}'\nuntil = '+20s'\n[[runs]]\nconfig = '{SMOKE}'\nuntil = '23:59'\n")
    plan = planning.plan_batch([file], [file], RunRequest(file))
    decided = [run.until for run in plan.runs]
    assert decided[0] == "+20s"
    assert (decided[1].text, decided[1].monotonic) == ("23:59", None)
    requests = []

    def execute(request, on_stage):
        ticks[0] += 100.0
        requests.append(request.until)
        raise ConfigError(["enough"])

    monkeypatch.setattr(running.pipeline, "execute", execute)
    ticks[0] = 1000.0
    running.run_batch(plan, RunRequest(Path(file), tmp_path / "night"))
    assert [until.text for until in requests] == ["+20s", "23:59"]
    assert requests[0].monotonic == 1020.0
    assert requests[1] == decided[1]
