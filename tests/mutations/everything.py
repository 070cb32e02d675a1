"""All mutations, by name."""

from __future__ import annotations

import os

from tests.mutations.company import CASH_FLOW, COVENANTS, DEBT
from tests.mutations.levers import CHOICES, CLOUD, DISPOSAL, LEASING
from tests.mutations.partner import EQUITY, JOINT, SWEEPS
from tests.mutations.sites import SITES
from tests.mutations.world import WORLD

MUTATIONS = (
    *WORLD, *SITES, *CASH_FLOW, *DEBT, *COVENANTS, *LEASING, *CHOICES, *CLOUD, *DISPOSAL, *JOINT, *EQUITY, *SWEEPS,
)  # fmt: skip

# `make test` tries every fifth mistake, `make verify` all of them.
TRIED = MUTATIONS if os.environ.get("SIMULATOR_MUTATIONS") == "all" else MUTATIONS[::5]
