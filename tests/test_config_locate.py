"""Every key has its line."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.config.locate import format_key, key_lines
from tests.toml_text import paths_of, to_toml

TEXT = """# a comment
a = 1
"q.x" = "z # ["   # another
b.c = [ 1, # x ]
  [2, 3],
  { d = \"\"\"
x\\\"\"\", e = 1\"\"\", e = 1979-05-27 07:32:00 },
]
[[sites]]
id = 'a'
[sites.model]
k=1
[[sites]]
id = "b"
  [[sites.sub]]
  z = 1.5e3
[x.y]
w = { value = 1, low = 0 }
[x]
'v' = '''
'''
u = +inf
"""
LINES = {
    "a": 2, '"q.x"': 3, "b": 4, "b.c": 4, "b.c[0]": 4, "b.c[1]": 5, "b.c[1][0]": 5, "b.c[1][1]": 5, "b.c[2]": 6,
    "b.c[2].d": 6, "b.c[2].e": 7, "sites": 9, "sites[0]": 9, "sites[0].id": 10, "sites[0].model": 11,
    "sites[0].model.k": 12, "sites[1]": 13, "sites[1].id": 14, "sites[1].sub": 15, "sites[1].sub[0]": 15,
    "sites[1].sub[0].z": 16, "x": 17, "x.y": 17, "x.y.w": 18, "x.y.w.value": 18, "x.y.w.low": 18, "x.v": 20, "x.u": 22,
}  # fmt: skip


def test_lines_of_every_construct():
    assert tomllib.loads(TEXT)["x"] == {"y": {"w": {"value": 1, "low": 0}}, "v": "", "u": float("inf")}
    assert {format_key(path): line for path, line in key_lines(TEXT).items()} == LINES


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_line_endings_do_not_shift_lines(ending):
    lines = key_lines(ending.join(["a = 1", "", "[b]", "c = 2", ""]))
    assert lines == {("a",): 1, ("b",): 3, ("b", "c"): 4}


keys = st.one_of(st.from_regex(r"[A-Za-z0-9_-]{1,6}", fullmatch=True), st.text(min_size=1, max_size=4))
leaves = st.one_of(st.booleans(), st.integers(-9, 9), st.floats(allow_nan=False), st.text(max_size=8), st.dates())
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=8
)
trees = st.dictionaries(keys, values, max_size=5)


@given(tree=trees)
def test_every_key_of_any_document_is_found(tree: dict[str, Any]):
    text = to_toml(tree)
    assert tomllib.loads(text) == tree
    assert set(key_lines(text)) >= set(paths_of(tree))
