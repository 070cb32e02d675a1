"""The world of a block of paths in NumPy: arrays (months, paths), in place wherever an operation allows it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.flagship import exponential_rate
from benchmarks.numpy_tables import Array, Factors, Tables, running
from simulator.drivers.silicon import WORST_LOSS
from simulator.model import Model

NOISE, PRICE, RATE, SPREAD = range(4)  # the mean-reverting series, stacked
VALUE, WORK, EFFICIENCY = range(3)  # the indices of silicon, stacked
AHEAD = 8  # gaps between generations drawn at once; more are drawn where these do not reach the horizon


class World:
    """Buffers for `paths` worlds and the code that draws them."""

    def __init__(self, model: Model, paths: int, rng: np.random.Generator) -> None:
        self.model, self.rng, self.paths = model, rng, paths
        months, sites = model.months, model.grid.mw.size
        self.tables = Tables(model.marginals)
        self.factors = Factors(model.dependence, self.tables)
        self.columns = np.arange(paths)
        self.states = np.empty((months, 4, paths))
        self.step = np.empty((4, paths))
        self.silicon = np.empty((months + 1, 3, paths))  # the last row takes what falls beyond the horizon
        self.trailing = np.empty((months, paths))
        self.opening = np.empty((months + 1, paths))  # r + s
        self.paid = np.zeros((months + 1, paths))  # row k: sum of opening r + s over months before k
        self.energised, self.built, self.behind = (np.empty((sites, paths)) for _ in range(3))
        a, p, f = model.arpu, model.price, model.funding
        self.sd = np.array([a.noise_sd, p.sd, f.rate_sd, f.spread_sd])[None, :, None]
        self.phi = np.array([a.noise_phi, p.phi, f.rate_phi, f.spread_phi])[:, None]
        self.jump_rate = exponential_rate(model, p.jump_rate_marginal) if p.jump_rate_slots else 0.0
        self.shift_rate = (
            exponential_rate(model, model.silicon.paradigm_rate_marginal) if model.silicon.paradigm_rate_slots else 0.0
        )

    def draw(self, figures: Array) -> None:
        """Draw a world in each column and fill its figures (figures, paths)."""
        factor = self.factors.draw(self.rng.standard_normal((7, self.paths)))
        generations, worst = self._draw_silicon(factor[0])
        self._draw_sites(factor[1])
        self._draw_states(factor)
        self._draw_scalars(factor[2])
        self._trail()
        self._figures(figures, generations, worst)

    def _draw_silicon(self, factor: Array) -> tuple[Array, Array]:
        s, months, n = self.model.silicon, self.model.months, self.paths
        index = self.silicon
        index[:, VALUE:EFFICIENCY] = np.exp(-s.wear / 12.0)
        index[:, EFFICIENCY] = 1.0
        flat = index.reshape(-1)
        time = np.full(n, -s.age)
        generations = np.zeros(n)
        first = True
        while True:
            gaps = self.tables.sample(s.gap_marginal, self.rng.standard_normal((AHEAD, n)))
            if first:
                gaps[0] = self.tables.sample(s.gap_first_marginal, self.rng.standard_normal(n))
            first = False
            gaps[0] += time
            running(gaps)
            time = gaps[-1]
            month = np.clip(np.ceil(12.0 * gaps) - 1.0, 0.0, months).astype(np.intp)
            generations += (month < months).sum(axis=0)
            e1, e2 = self.rng.standard_normal((2, AHEAD, n))
            e2 *= np.sqrt(1.0 - s.correlation_partial**2)
            e2 += s.correlation_partial * e1
            pace = self.tables.sample(
                s.performance_marginal, s.factor_share_loading * factor + s.factor_share_residual * e1
            )
            gain = self.tables.sample(
                s.efficiency_marginal, s.factor_share_loading * factor + s.factor_share_residual * e2
            )
            place = month * (3 * n) + self.columns
            np.multiply.at(flat, place.reshape(-1), np.exp(-s.beta * pace).reshape(-1))
            np.multiply.at(flat, (place + EFFICIENCY * n).reshape(-1), np.exp(gain).reshape(-1))
            if not (12.0 * time <= months).any():
                break
        worst = self._draw_shifts(flat)
        running(index[:months], np.multiply)
        return generations, worst

    def _events(self, rate: float) -> tuple[NDArray[np.intp], Array]:
        """A Poisson process on every path: for each event its path and its time in months."""
        count = self.rng.poisson(rate * self.model.months / 12.0, self.paths)
        path = np.repeat(self.columns, count)
        return path, self.rng.random(path.size) * self.model.months

    def _draw_shifts(self, flat: Array) -> Array:
        n, worst = self.paths, np.zeros(self.paths)
        path, time = self._events(self.shift_rate)
        loss = self.tables.sample(self.model.silicon.paradigm_loss_marginal, self.rng.standard_normal(path.size))
        np.minimum(loss, WORST_LOSS, out=loss)
        place = time.astype(np.intp) * (3 * n) + path
        np.maximum.at(worst, path, loss)
        for k in (VALUE, WORK):
            np.multiply.at(flat, place + k * n, 1.0 - loss)
        return worst

    def _draw_sites(self, factor: Array) -> None:
        g, sample = self.model.grid, self.tables.sample
        regions = {row: self.rng.standard_normal(self.paths) for row in np.unique(g.region_row)}
        for i in range(g.mw.size):
            own = self.rng.standard_normal((4, self.paths))
            energised, built = self.energised[i], self.built[i]
            np.add(sample(g.build_marginal[i], own[0]), g.start[i], out=built)
            if g.near_term_flag[i]:
                np.add(sample(g.slip_marginal, own[1]), g.planned[i], out=energised)
                np.minimum(built, energised, out=built)
                self.behind[i] = 0.0
                continue
            score = (
                g.national_share_loading * factor
                + g.regional_share_loading * regions[g.region_row[i]]
                + g.queue_residual * own[1]
            )
            failed = own[2] < g.fail_probability_threshold
            power = sample(g.queue_marginal[i], score) + g.requested[i]
            np.copyto(power, sample(g.behind_meter_marginal, own[3]) + max(0.0, g.requested[i]), where=failed)
            np.maximum(built, power, out=energised)
            self.behind[i] = failed

    def _draw_states(self, factor: Array) -> None:
        """Exact monthly steps of all mean-reverting series at once, as distances from their means."""
        a, p, f = self.model.arpu, self.model.price, self.model.funding
        x, step = self.states, self.step
        self.rng.standard_normal(out=x)
        price = x[:, PRICE]
        price *= p.arpu_correlation_residual
        price += p.arpu_correlation * x[:, NOISE]
        x *= self.sd
        longrun = self.tables.sample(p.longrun_marginal, self.rng.standard_normal(self.paths)) * np.exp(
            p.factor_level * factor[3]
        )
        noise_mean, rate_mean = a.factor_level * factor[2], f.rate_mean + f.rate_factor_level * factor[4]
        spread_mean = f.spread_mean_log + f.spread_factor_level * factor[5]
        price += self._jumps()
        np.negative(noise_mean, out=step[NOISE])
        np.log(p.spot0 / longrun, out=step[PRICE])
        np.subtract(f.rate0, rate_mean, out=step[RATE])
        np.subtract(np.log(f.spread0), spread_mean, out=step[SPREAD])
        for m in range(len(x)):
            np.multiply(x[m - 1] if m else step, self.phi, out=step)
            x[m] += step
        x[:, NOISE] += noise_mean
        x[:, RATE] += rate_mean
        x[:, SPREAD] += spread_mean
        np.exp(x[:, :RATE], out=x[:, :RATE])
        np.exp(x[:, SPREAD], out=x[:, SPREAD])
        price *= longrun
        self.noise, self.price = x[:, NOISE], price
        self.opening[0] = f.rate0 + f.spread0
        np.add(x[:, RATE], x[:, SPREAD], out=self.opening[1:])

    def _jumps(self) -> Array:
        """(months, paths) the month's jumps of ln price, faded to its end."""
        p, months = self.model.price, self.model.months
        path, time = self._events(self.jump_rate)
        size = self.tables.sample(p.jump_size_marginal, self.rng.standard_normal(path.size))
        month = time.astype(np.intp)
        size *= np.exp(p.kappa / 12.0 * (time - month - 1.0))
        month *= self.paths
        month += path
        return np.bincount(month, size, months * self.paths).astype(float, copy=False).reshape(months, self.paths)

    def _draw_scalars(self, factor: Array) -> None:
        a, p, sample = self.model.arpu, self.model.programme, self.tables.sample
        z = self.rng.standard_normal((5, self.paths))
        self.epsilon = sample(
            a.elasticity_marginal,
            a.elasticity_loading * factor + a.elasticity_residual * z[0],
        )
        self.margin = sample(a.margin_marginal, z[1])
        self.cost = sample(p.cost_multiplier_marginal, z[2])
        self.operating_cost = sample(p.operating_cost_marginal, z[3])
        self.resale = sample(p.resale_marginal, z[4])

    def _trail(self) -> None:
        """P12 from running sums of the price, and the running sum of the opening r + s."""
        p12, price, months = self.trailing, self.price, self.model.months
        window = np.zeros(self.paths)
        for m in range(months):
            window += price[m]
            if m >= 12:
                window -= price[m - 12]
            np.multiply(window, 1.0 / min(m + 1, 12), out=p12[m])
        np.copyto(self.paid[1:], self.opening[:-1])
        running(self.paid)

    def _figures(self, figures: Array, generations: Array, worst: Array) -> None:
        g, months = self.model.grid, self.model.months
        delay = np.maximum(self.energised - g.planned[:, None], 0.0)
        figures[0] = generations
        figures[1] = worst
        np.matmul(g.mw / g.mw.sum(), delay, out=figures[2])
        self.energised.max(axis=0, out=figures[3])
        figures[4] = self.epsilon
        self.price.mean(axis=0, out=figures[5])
        self.price.min(axis=0, out=figures[6])
        for row, month in ((7, 12), (8, 36), (9, 60)):
            figures[row] = self.price[month - 1] if month <= months else np.nan
        np.multiply(self.paid[months] - self.opening[0] + self.opening[months], 1.0 / months, out=figures[10])
        figures[11:] = delay
