"""The flagship in JAX: double precision, jitted, batches of paths, one device a core.

Imported only where JAX is installed: `pip install 'capex-simulator[bench]'`.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from benchmarks.flagship import require_supported
from benchmarks.jax_plan import value_plan
from benchmarks.jax_world import draw_world
from simulator.model import Model

jax.config.update("jax_enable_x64", True)

BATCHES = (512, 1024, 2048, 4096, 8192, 16384, 65536)  # paths, for the sweep


class JaxModel:
    """Simulates batches of `batch` paths on every device (see `jax_num_cpu_devices`), dispatched together."""

    def __init__(self, model: Model, batch: int, seed: int, narrow: bool = True) -> None:
        require_supported(model)
        self.batch = batch

        def simulate(key: Any) -> Any:
            world, figures = draw_world(model, key, batch, narrow)
            return jnp.stack([*figures, *value_plan(model, world)])

        self._simulate = jax.jit(simulate)
        self._devices = jax.devices("cpu")
        self._key = jax.random.key(seed)

    def simulate(self, paths: int) -> NDArray[np.float64]:
        """Figures (rows, paths), in the kernel's row order; `paths` is a multiple of the batch."""
        count = paths // self.batch
        self._key, *keys = jax.random.split(self._key, count + 1)
        parts: list[Any] = []
        for begin in range(0, count, len(self._devices)):
            ready = [jax.device_put(key, d) for key, d in zip(keys[begin:], self._devices, strict=False)]
            parts.extend([self._simulate(key) for key in ready])
            jax.block_until_ready(parts[-1])
        return np.concatenate([np.asarray(part) for part in parts], axis=1)
