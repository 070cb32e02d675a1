"""CSV columns: dialects are recognised or refused by name, and nothing is read that could be read in two ways."""

from __future__ import annotations

import os

import pytest

from simulator.config.columns import describe_column, read_column

READ = {  # bytes of a file: the numbers of its column "months", and the dialect in words
    b"months,note\n30,a\n1.5e1,b\n": ((30.0, 15.0), "UTF-8, cells separated by commas"),
    b"months\n1.08\n-.5\n7.\n": ((1.08, -0.5, 7.0), "UTF-8"),
    b"\xef\xbb\xbfmonths;note\r\n36;a\r\n": ((36.0,), "UTF-8 with a byte order mark, cells separated by semicolons"),
    b"project;months\na;1,08\nb;2\n": ((1.08, 2.0), "UTF-8, cells separated by semicolons, decimal commas"),
    b"months;note\n1,234;a\n0,5;b\n": ((1.234, 0.5), "UTF-8, cells separated by semicolons, decimal commas"),
    b"months;note\n1.234;a\n0.5;b\n": ((1.234, 0.5), "UTF-8, cells separated by semicolons"),
    b"months\tnote\n1.234\ta\n": ((1.234,), "UTF-8, cells separated by tabs"),
    b'"months; all",months\n1,2\n': ((2.0,), "UTF-8, cells separated by commas"),
    "months\tnote\n3,5\ta\n".encode("utf-16"): ((3.5,), "UTF-16, cells separated by tabs, decimal commas"),
    b"months,months2,note,note\n4,5,a,b\n\n,,,\n6,7,a,b\n": ((4.0, 6.0), "UTF-8, cells separated by commas"),
}


@pytest.mark.parametrize("data", READ, ids=lambda data: repr(data[:24]))
def test_what_is_read_and_in_which_dialect(tmp_path, data):
    (tmp_path / "q.csv").write_bytes(data)
    numbers, dialect = READ[data]
    assert read_column(tmp_path, "q.csv", "months") == numbers
    assert describe_column(tmp_path, "q.csv", "months").partition("; ")[2] == dialect


MORE = ": a decimal comma or thousands separator makes more"
PLAIN = "wanted numbers such as 1234.5, without decimal commas or thousands separators"
REFUSED = {
    b"months\n1,08\n": f'given 2 cells in row 2 of "q.csv", wanted 1 as in its header{MORE}',
    b"months,note\n1,234,a\n": f'given 3 cells in row 2 of "q.csv", wanted 2 as in its header{MORE}',
    b"note,months\na\n": 'given 1 cell in row 2 of "q.csv", wanted 2 as in its header',
    b"months,note\n1;2,a\n": 'given "1;2" in row 2 of "q.csv", wanted numbers',
    b'months,note\n"1,08",a\n': f'given "1,08" in row 2 of "q.csv", {PLAIN}',
    b'months,note\n"1,234",a\n': f'given "1,234" in row 2 of "q.csv", {PLAIN}',
    b"months;note\n1,234;a\n56;b\n": 'given "1,234" in "q.csv", which may be 1.234 or 1234, wanted',
    b"months;note\n1.234;a\n": 'given "1.234" in "q.csv", which may be 1.234 or 1234, wanted',
    b"months;note\n1.234,5;a\n": f'given "1.234,5" in row 2 of "q.csv", {PLAIN}',
    b"months;note\n1,5;a\n2.5;b\n": f'given "1,5" in row 2 of "q.csv", {PLAIN}',
    b"months\n36_5\n": 'given "36_5" in row 2 of "q.csv", wanted numbers',
    "months\n\uff13\uff16\n".encode(): 'given "\uff13\uff16" in row 2 of "q.csv", wanted numbers',
    "months\n\u0663\u0666\n".encode(): 'given "\u0663\u0666" in row 2 of "q.csv", wanted numbers',
    b"months\n12 %\n": 'given "12 %" in row 2 of "q.csv", wanted numbers',
    b"months\n0x10\n": 'given "0x10" in row 2 of "q.csv", wanted numbers',
    b"months\n1e999\n": 'given "1e999" in row 2 of "q.csv", wanted numbers',
    b"months\ninfinity\n": 'given "infinity" in row 2 of "q.csv", wanted numbers',
    b"months,note,months\n1,a,2\n": 'given "months", which 2 columns of "q.csv" are called',
    b"a;months,b\n1;2,3\n": 'given commas and semicolons in the header of "q.csv", wanted one kind, and titles with',
    b"sep=;\nmonths;note\n1;a\n": 'given "sep=;" as the first row of "q.csv", wanted the header',
    b"project;month\n1;2\n": 'given "months", did you mean month?',
    "months\n1\n".encode("utf-16-le"): 'given "q.csv" in UTF-16 without a byte order mark, or no text, wanted UTF-8',
    "months\n1\n".encode("utf-32"): 'given "q.csv" in UTF-32, wanted a CSV file in UTF-8',
    b"months\n\xe9\n": 'given "q.csv", wanted a CSV file in UTF-8 (',
    b'months\n"1\n': 'given "q.csv", wanted a CSV file (',
    b"months,note\n\n,\n": 'given an empty column "months" of "q.csv", wanted at least one number',
    b"": 'given a header of 0 titles in "q.csv", wanted 1 to 10,000',
    b"a," * 20_000: 'given a header of 20,001 titles in "q.csv", wanted 1 to 10,000',
}


@pytest.mark.parametrize("data", REFUSED, ids=lambda data: repr(data[:24]))
def test_what_is_refused_by_name(tmp_path, data):
    (tmp_path / "q.csv").write_bytes(data)
    with pytest.raises(ValueError, match="given") as caught:
        read_column(tmp_path, "q.csv", "months")
    assert str(caught.value).startswith(REFUSED[data])


def test_rows_range_and_median_are_described(tmp_path):
    (tmp_path / "q.csv").write_text("months\n30\n12.25\n1000000\n40\n")
    assert describe_column(tmp_path, "q.csv", "months") == "4 rows, 12.25 to 1e+06, median 35; UTF-8"


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "q.csv")
    with pytest.raises(ValueError, match="it is a pipe, not a regular file"):
        read_column(tmp_path, "q.csv", "months")
