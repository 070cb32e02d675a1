"""The kernel's promises: a path is the same path however it is run, and its accounts add up.

Nothing here is statistical. Equal means equal bytes, undefined figures included.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest

from simulator import kernel
from simulator.config import freeze, load
from simulator.config.freeze import Frozen
from simulator.finance import metrics as row
from simulator.finance.series import series_names
from simulator.model import Model

HERE = Path(__file__).parent
ROOT = HERE.parent
SMOKE, FLAGSHIP, LEVERS = ROOT / "configs/smoke.toml", ROOT / "configs/hyperscaler.toml", HERE / "configs/levers.toml"
FLAT = HERE / "configs/levers_flat.toml"  # lacks sites and plans
CONFIGS: list[tuple[Path, Sequence[str]]] = [
    *(
        (path, ())
        for folder in ("configs", "tests/configs")
        for path in sorted((ROOT / folder).glob("*.toml"))
        if path != FLAT
    ),
    (FLAGSHIP, ("drivers.price.model=regime", "dependence.family=gaussian")),
    (LEVERS, ("drivers.price.model=regime", "dependence.family=t", "months=75")),
    (SMOKE, ("drivers.silicon.paradigm_rate=0", "drivers.price.jump_rate=0", "drivers.grid.fail_probability=0")),
]
SEED = 5
NOTHING = np.empty((0, 0, 0))
SPARE = """
[[sites]]
id = "spare"
title = "Spare site"
region = "{region}"
mw = 50
start = 2
requested = -3
planned = 26
"""
RENTED = '\n[plans.rented]\ntitle = "Another"\nnotes = false\nchips = "deferred"\nrefresh = "economic"\n'


def run(model: Model, paths: int, first: int = 0, *, seed: int = SEED, lanes: int = kernel.LANES) -> np.ndarray:
    """Figures (figures, paths)."""
    out = np.full((kernel.figure_count(model), paths), np.inf)
    assert (
        kernel.simulate(
            model, seed, np.arange(first, first + paths), kernel.allocate_workspace(model, lanes), out, NOTHING
        )
        == kernel.DONE
    )
    return out


def traced(model: Model, paths: int, first: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Figures and trace (series, months, paths)."""
    out = np.full((kernel.figure_count(model), paths), np.inf)
    trace = np.full((kernel.series_count(model), model.months, paths), np.inf)
    assert (
        kernel.simulate(model, SEED, np.arange(first, first + paths), kernel.allocate_workspace(model), out, trace)
        == kernel.DONE
    )
    return out, trace


def same(a: np.ndarray, b: np.ndarray) -> bool:
    """Same bytes."""
    return a.shape == b.shape and a.tobytes() == b.tobytes()


def names(frozen: Frozen) -> list[str]:
    """The names of the rows of the figures."""
    own = [f"world.{metric.name}" for metric in frozen.world]
    return own + [f"{plan}.{metric.name}" for plan in frozen.plans for metric in frozen.plan]


def moved(a: Frozen, b: Frozen) -> set[str]:
    """Figures that both have and that differ on some path."""
    first = dict(zip(names(a), run(a.model, 200), strict=True))
    other = dict(zip(names(b), run(b.model, 200), strict=True))
    return {name for name in first.keys() & other.keys() if not same(first[name], other[name])}


@pytest.fixture(scope="module")
def levers() -> Model:
    return freeze(load(LEVERS)).model


@pytest.fixture(scope="module")
def figures(levers: Model) -> np.ndarray:
    return run(levers, 1_000)


@pytest.mark.parametrize("paths", [1, 127, 128, 300, 600])
def test_a_shorter_run_is_the_beginning_of_a_longer_one(levers: Model, figures: np.ndarray, paths: int) -> None:
    assert same(run(levers, paths), figures[:, :paths])


@pytest.mark.parametrize("lanes", [1, 7, 16, 64, 128, 256])
def test_the_lane_width_changes_no_bit(levers: Model, figures: np.ndarray, lanes: int) -> None:
    paths = min(1_000, 40 * lanes)
    assert same(run(levers, paths, lanes=lanes), figures[:, :paths])


@pytest.mark.parametrize("first", [1, 64, 128, 777])
def test_the_path_at_which_a_task_begins_changes_no_bit(levers: Model, figures: np.ndarray, first: int) -> None:
    assert same(run(levers, 200, first), figures[:, first : first + 200])


def test_any_paths_may_be_simulated_together(levers: Model, figures: np.ndarray) -> None:
    ids = np.array([0, 3, 4, 130, 131, 500, 999, 2**40])
    out, work = np.empty((kernel.figure_count(levers), ids.size)), kernel.allocate_workspace(levers)
    assert kernel.simulate(levers, SEED, ids, work, out, NOTHING) == kernel.DONE
    assert same(np.ascontiguousarray(out[:, :-1]), np.ascontiguousarray(figures[:, ids[:-1]]))
    alone = run(levers, 1, 2**40)[:, 0]
    apart = np.flatnonzero((out[:, -1] != alone) & ~(np.isnan(out[:, -1]) & np.isnan(alone)))
    assert apart.size == 0 or all("irr" in name for name in np.array(names(freeze(load(LEVERS))))[apart])


def test_a_workspace_carries_nothing_from_block_to_block(levers: Model, figures: np.ndarray) -> None:
    work, out = kernel.allocate_workspace(levers), np.empty((kernel.figure_count(levers), 300))
    assert kernel.simulate(levers, SEED + 1, np.arange(400, 700), work, out, NOTHING) == kernel.DONE
    assert kernel.simulate(levers, SEED, np.arange(300), work, out, NOTHING) == kernel.DONE
    assert same(out, figures[:, :300])


def test_only_the_rate_of_return_stops_with_the_sample() -> None:
    """Tasks begin at multiples of a block, so no block of a run lies on both sides."""
    frozen, lanes = freeze(load(SMOKE)), kernel.LANES
    sample = kernel.SAMPLE_PATHS
    assert sample % lanes == 0
    rates = names(frozen).index("own.irr")
    across, beyond = (
        run(frozen.model, 2 * lanes, kernel.SAMPLE_PATHS - lanes),
        run(frozen.model, lanes, kernel.SAMPLE_PATHS),
    )
    assert np.isfinite(across[rates, :lanes]).any()
    assert np.isnan(beyond[rates]).all()
    assert same(across[:, lanes:], beyond)


def test_far_paths_and_any_seed_are_paths_like_others() -> None:
    model = freeze(load(SMOKE)).model
    seen = [run(model, 8, first, seed=seed) for first in (0, 2**32 - 4, 2**40) for seed in (-1, 0, 2**62)]
    eps = np.concatenate([out[[row.EPS, row.FUNDING_MEAN]] for out in seen], axis=1)
    assert np.isfinite(eps).all()
    assert np.unique(eps[1]).size == eps.shape[1]  # no path comes twice


def test_another_seed_gives_other_paths(levers: Model, figures: np.ndarray) -> None:
    other = run(levers, 1_000, seed=SEED + 1)
    for k in (row.PRICE_MEAN, row.FUNDING_MEAN, len(row.world_metrics("abc")) + row.NPV):
        assert not np.any(other[k] == figures[k])


@pytest.mark.parametrize(
    ("overrides", "touched"),
    [
        (["drivers.silicon.gap.shape=4"], {"generations"}),
        (["drivers.silicon.paradigm_rate=0.3"], {"paradigm_worst"}),
        (["drivers.silicon.beta=0.9"], set()),
        (["drivers.grid.behind_meter_cost=0.9"], set()),
        (["drivers.arpu.elasticity.sigma=0.3"], {"eps"}),
        (["drivers.arpu.noise_sigma=0.2"], set()),
        (["drivers.price.sigma=0.2"], {"price_mean", "price_min", "price_m12", "price_m36", "price_m60"}),
        (["drivers.price.jump_rate=2"], {"price_mean", "price_min", "price_m12", "price_m36", "price_m60"}),
        (["drivers.price.model=regime"], {"price_mean", "price_min", "price_m12", "price_m36", "price_m60"}),
        (["drivers.funding.rate_sigma=0.02"], {"funding_mean"}),
        (["programme.resale=0.5"], set()),
        (["programme.operating_cost=2"], set()),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_a_driver_moves_no_draw_of_another(overrides: list[str], touched: set[str]) -> None:
    moved_figures = moved(freeze(load(LEVERS)), freeze(load(LEVERS, overrides)))
    assert {name.removeprefix("world.") for name in moved_figures if name.startswith("world.")} == touched
    assert any(not name.startswith("world.") for name in moved_figures)  # it does matter


@pytest.mark.parametrize("region", ["ohio", "utah"])
@pytest.mark.parametrize("place", [0, 1])
def test_another_site_moves_only_what_is_about_it(tmp_path: Path, region: str, place: int) -> None:
    head, *sites = SMOKE.read_text().split("[[sites]]")
    text = "[[sites]]".join([head, *sites[:place]]) + SPARE.format(region=region)
    path = tmp_path / "spare.toml"
    path.write_text(text + "[[sites]]" + "[[sites]]".join(sites[place:]))
    moved_figures = moved(freeze(load(SMOKE)), freeze(load(path)))
    assert {name for name in moved_figures if name.startswith("world.")} <= {"world.delay_mean", "world.latest_site"}
    assert {"own.npv", "own.idle_capital", "world.delay_mean"} <= moved_figures


@pytest.mark.parametrize("before", [True, False])
def test_another_plan_moves_nothing(tmp_path: Path, before: bool) -> None:
    text = SMOKE.read_text()
    path = tmp_path / "plans.toml"
    path.write_text(text.replace("[plans.own]", RENTED + "\n[plans.own]") if before else text + RENTED)
    frozen = freeze(load(path))
    smoke = freeze(load(SMOKE))
    assert frozen.plans == (("rented", *smoke.plans) if before else (*smoke.plans, "rented"))
    assert moved(smoke, frozen) == set()


def test_a_longer_horizon_begins_like_a_shorter_one() -> None:
    short, long = (freeze(load(LEVERS, [f"months={months}"])) for months in (75, 100))
    world = [i for i, name in enumerate(series_names(short.plans)) if name.startswith("world.")]
    assert same(traced(short.model, 200)[1][world], traced(long.model, 200)[1][world, :75])


@pytest.mark.parametrize("path", [SMOKE, LEVERS], ids=lambda path: path.stem)
def test_tracing_changes_no_figure_and_fills_every_row(path: Path) -> None:
    model = freeze(load(path)).model
    out, trace = traced(model, 300)
    assert same(out, run(model, 300))
    assert np.isfinite(trace).all()
    assert same(trace[:, :, 150:170], traced(model, 20, 150)[1])


def leaves(tree: Any) -> Iterator[Any]:
    """Everything in nested tuples."""
    for branch in tree:
        if isinstance(branch, tuple):
            yield from leaves(branch)
        else:
            yield branch


@pytest.mark.parametrize(("path", "overrides"), CONFIGS, ids=lambda value: getattr(value, "stem", None))
def test_models_are_made_of_numbers_and_writeable_arrays(path: Path, overrides: Sequence[str]) -> None:
    for leaf in leaves(freeze(load(path, overrides)).model):
        if isinstance(leaf, np.ndarray):
            assert leaf.dtype in (np.float64, np.int64)
            assert leaf.flags.c_contiguous
            assert leaf.flags.writeable
            assert leaf.flags.aligned
        else:
            assert type(leaf) in (float, int)


def test_all_configs_share_one_compiled_kernel() -> None:
    simulate: Any = kernel.simulate
    kinds = set()
    for path, overrides in CONFIGS:
        model = freeze(load(path, overrides)).model
        kinds.add((numba.typeof(model), numba.typeof(kernel.allocate_workspace(model))))
        traced(model, 1)
        run(model, 1)
    assert len(kinds) == 1
    assert len(simulate.signatures) == 1


@pytest.mark.parametrize(("path", "overrides"), CONFIGS, ids=lambda value: getattr(value, "stem", None))
def test_every_row_has_a_name_and_only_those_that_may_are_undefined(path: Path, overrides: Sequence[str]) -> None:
    frozen = freeze(load(path, overrides))
    out = run(frozen.model, 256)
    assert len(names(frozen)) == len(set(names(frozen))) == kernel.figure_count(frozen.model) == len(out)
    assert len(series_names(frozen.plans)) == kernel.series_count(frozen.model)
    metrics = [*frozen.world, *(frozen.plan * len(frozen.plans))]
    assert not np.isinf(out).any()
    for name, metric, values in zip(names(frozen), metrics, out, strict=True):
        assert metric.undefined or not np.isnan(values).any(), name
        if metric.kind == "event":
            assert np.isin(values[~np.isnan(values)], [0.0, 1.0]).all(), name
        elif metric.kind == "month":
            assert ((values >= 0) & (values <= frozen.model.months) & (values == np.floor(values))).all(), name


@pytest.mark.parametrize(
    ("overrides", "driver", "slots"),
    [
        ([], "silicon", "gap_slots"),
        (["drivers.silicon.paradigm_rate=3"], "silicon", "paradigm_rate_slots"),
        (["drivers.price.jump_rate=3"], "price", "jump_rate_slots"),
        (["drivers.price.model=regime"], "price", "regime_stays_slots"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_more_events_than_slots_are_reported(overrides: list[str], driver: str, slots: str) -> None:
    model = freeze(load(SMOKE, overrides)).model
    short = model._replace(**{driver: getattr(model, driver)._replace(**{slots: 1})})
    out, work = np.empty((kernel.figure_count(model), 300)), kernel.allocate_workspace(model)
    assert kernel.simulate(model, SEED, np.arange(1_000, 1_300), work, out, NOTHING) == kernel.DONE
    assert kernel.simulate(short, SEED, np.arange(1_000, 1_300), work, out, NOTHING) in range(1_000, 1_300)


class Accounts:
    """One plan's traced months and figures, with what its months are reckoned from."""

    def __init__(self, path: Path, plan: int) -> None:
        frozen = freeze(load(path, ["drivers.arpu.margin=0.8"]))
        self.model, self.plan = frozen.model, plan
        out, trace = traced(frozen.model, 300)
        self.trace = dict(zip(series_names(frozen.plans), trace, strict=True))
        self.figure = dict(zip(names(frozen), out, strict=True))
        self.name = frozen.plans[plan]
        self.funding = np.vstack([np.full(300, self.model.funding.rate0 + self.model.funding.spread0), self["funding"]])

    def __getitem__(self, series: str) -> np.ndarray:
        """A series (months, paths) of the plan or of the world."""
        own = f"{self.name}.{series}"
        return self.trace[own if own in self.trace else f"world.{series}"]

    def liquidity(self, name: str) -> Any:
        """A lever of the plan."""
        return getattr(self.model.plans.liquidity, name)[self.plan]

    def change(self, series: str, opening: float = 0.0) -> np.ndarray:
        """Change of a balance from month to month."""
        return np.diff(self[series], axis=0, prepend=opening)


PLANS = [(SMOKE, 0), (FLAGSHIP, 0), *((LEVERS, plan) for plan in range(4))]


@pytest.fixture(scope="module", params=PLANS, ids=lambda case: f"{case[0].stem}-{case[1]}")
def accounts(request: pytest.FixtureRequest) -> Accounts:
    return Accounts(*request.param)


def test_cash_rolls_forward(accounts: Accounts) -> None:
    finance, plans, a = accounts.model.finance, accounts.model.plans, accounts
    opening = np.vstack([np.full(300, a.liquidity("opening_cash")), a["cash"][:-1]])
    drawn = np.vstack([np.zeros(300), a["revolver"][:-1]])
    owed = a["interest"] + drawn * (a.funding[:-1] + a.liquidity("revolver_margin")) / 12.0
    wobble = (1.0 - finance.tax) * 0.8 * (a["ads"] - accounts.model.arpu.revenue0_by_month[:, None])
    penalty = np.zeros((len(drawn), 1))
    penalty[plans.liquidity.penalty_month[a.plan]] = a.liquidity("penalty")
    expected = finance.base_cash_flow_monthly + wobble + a["cash_flow"] - (1.0 - finance.tax) * owed - penalty
    expected += (
        (1.0 - finance.tax) * a.liquidity("cash_rate") / 12.0 * opening + a.change("notes") + a.change("revolver")
    )
    np.testing.assert_allclose(a["cash"] - opening, expected, rtol=0, atol=1e-10)


def test_the_revolver_defends_the_floor_within_its_limit(accounts: Accounts) -> None:
    a, floor, limit = accounts, accounts.liquidity("floor"), accounts.liquidity("revolver")
    assert a["revolver"].min() >= 0.0
    assert a["revolver"].max() <= limit + 1e-9
    short, drawn = a["cash"] < floor - 1e-9, a["revolver"] > 1e-9
    assert (a["revolver"][short] >= limit - 1e-9).all()
    assert (a["cash"][drawn] <= floor + 1e-9).all()
    assert same(a.figure[f"{a.name}.min_cash"], a["cash"].min(axis=0))
    assert same(a.figure[f"{a.name}.revolver_peak"], a["revolver"].max(axis=0))
    assert same(a.figure[f"{a.name}.shortfall_months"], short.sum(axis=0).astype(float))


def test_books_and_assets_hold_together(accounts: Accounts) -> None:
    a = accounts
    np.testing.assert_allclose(a["cumulative"], np.cumsum(a["cash_flow"], axis=0), rtol=0, atol=1e-11)
    for series in ("book", "asset_value", "stranded", "idle", "work", "notes", "interest"):
        assert a[series].min() >= -1e-9, series
    assert a.change("in_service").min() >= 0.0
    assert a["in_service"].max() <= a.model.grid.mw.sum() + 1e-9
    assert (a["stranded"] <= a["book"] + 1e-9).all()
    assert (a["work"][a["in_service"] == 0.0] <= 1e-9).all()
    assert (a["value"] > 0.0).all()
    assert (a["efficiency"] > 0.0).all()


def test_figures_are_those_of_the_months(accounts: Accounts) -> None:
    a, months = accounts, accounts.model.months
    expected = {
        "peak_funding": np.maximum(-a["cumulative"].min(axis=0), 0.0),
        "idle_capital": a["idle"].sum(axis=0) / 12.0,
        "idle_cost": (a["idle"] * a.funding[:-1]).sum(axis=0) / 12.0,
        "stranded_peak": a["stranded"].max(axis=0),
        "breach_month": months - a["breached"].sum(axis=0),
        "breach": a["breached"][-1],
    }
    for name, values in expected.items():
        np.testing.assert_allclose(a.figure[f"{a.name}.{name}"], values, rtol=1e-11, atol=1e-9, err_msg=name)
    np.testing.assert_allclose(a.figure["world.price_mean"], a["price"].mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(a.figure["world.funding_mean"], a["funding"].mean(axis=0), rtol=1e-12)
    assert same(a.figure["world.price_min"], a["price"].min(axis=0))
    assert same(a.figure["world.price_m12"], a["price"][11])
    np.testing.assert_allclose(a["p12"][11:], sum(a["price"][11 - k : months - k] for k in range(12)) / 12, rtol=1e-10)
