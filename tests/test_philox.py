"""Philox4x32-10 against its published vectors and against Python's integers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.sampling.philox import philox, philox_lanes

WORD = 2**32 - 1


def words(counter: list[int], key: list[int]) -> list[int]:
    return [int(w) for w in philox(*(np.uint64(x) for x in counter + key))]


def naive(counter: list[int], key: list[int]) -> list[int]:
    """The ten rounds, as in the paper's listing."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        even, odd = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (odd >> 32) ^ c1 ^ k0, odd & WORD, (even >> 32) ^ c3 ^ k1, even & WORD
        k0, k1 = (k0 + 0x9E3779B9) & WORD, (k1 + 0xBB67AE85) & WORD
    return [c0, c1, c2, c3]


@pytest.mark.parametrize(
    ("counter", "key", "answer"),
    [
        ([0, 0, 0, 0], [0, 0], [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
        ([WORD, WORD, WORD, WORD], [WORD, WORD], [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
        (
            [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
            [0xA4093822, 0x299F31D0],
            [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
        ),
    ],
)
def test_known_answers_of_random123(counter, key, answer):
    assert words(counter, key) == answer == naive(counter, key)


@given(st.lists(st.integers(0, WORD), min_size=4, max_size=4), st.lists(st.integers(0, WORD), min_size=2, max_size=2))
def test_any_counter_and_key(counter, key):
    assert words(counter, key) == naive(counter, key)


@pytest.mark.parametrize("first", [0, 2**32 - 3, 2**63 - 2, 2**64 - 8])
def test_lanes_are_consecutive_paths_of_64_bits(first):
    seed, out = 0xFEDCBA9876543210, np.empty((4, 7), np.uint32)
    paths = np.uint64(first).view(np.int64) + np.arange(7)
    philox_lanes(np.uint64(seed), paths, np.uint64(9), np.uint64(WORD), out)
    for lane in range(7):
        path = first + lane
        assert out[:, lane].tolist() == naive([path & WORD, path >> 32, 9, WORD], [seed & WORD, seed >> 32])
