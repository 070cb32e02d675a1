"""A copy of the project with a driver key, a lever or a metric added, by the steps that AGENTS.md lists.

Every step is a file, a text that stands in it once, and what follows that text; a new file follows nothing.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
COPIED = ("simulator", "tests", "docs", "configs")


class Step(NamedTuple):
    """Insert `text` after `anchor` in a file; without an anchor the file is new."""

    path: str
    anchor: str
    text: str


METRIC = (
    Step(
        "simulator/finance/metrics.py",
        '    _high("exits", "count", "sites", "Sites left by exit from the JV"),\n',
        '    _low("closing_cash", "amount", "USD bn", "Cash at the end of the horizon"),\n',
    ),
    Step("simulator/finance/metrics.py", "    EXITS,\n", "    CLOSING_CASH,\n"),
    Step(
        "simulator/finance/valuation/plan_value.py",
        "        c, plan, schedule, w.revenue, world, charges, w.flows, w.scratch, ledger, tracing, waterfall\n"
        "    )  # fmt: skip\n",
        "    for lane in range(w.end_value.size):\n"
        "        figures[metric.CLOSING_CASH, lane] = w.scratch[state.CASH, lane]\n",
    ),
    Step(
        "simulator/finance/valuation/plan_value.py",
        "from simulator.finance.company import Company\n",
        "from simulator.finance.financing import waterfall_state as state\n",
    ),
    Step(
        "tests/naive/summary.py",
        '        "min_cash": books.monthly["cash"].min(axis=0),\n',
        '        "closing_cash": books.monthly["cash"][-1],\n',
    ),
    Step(
        "docs/metrics.md",
        "| min_cash | USD bn | low | lowest closing cash, after revolver, new shares, sweep and cure |\n",
        "| closing_cash | USD bn | low | cash at the end of the horizon |\n",
    ),
)

LEVER = (
    Step(
        "simulator/config/schema/levers.py",
        'Years = Annotated[Number, Range(1.0, 100.0, whole=True)]\n',
        '\n\nclass Dividend(Table):\n    """Cash paid out to shareholders."""\n\n'
        '    on: bool = Field(default=False, description="whether the plan uses it")\n'
        '    amount: Amount = Field(default=0.4, description="paid a month, USD bn; judgement")\n',
    ),
    Step("simulator/config/schema/plans.py", "    Covenants,\n", "    Dividend,\n"),
    Step(
        "simulator/config/schema/plans.py",
        '    cloud: Cloud = Field(default=Cloud(), description="capacity rented from a cloud")\n',
        '    dividend: Dividend = Field(default=Dividend(), description="cash paid out to shareholders")\n',
    ),
    Step(
        "simulator/finance/plan/dividend.py",
        "",
        '"""Cash paid out to shareholders."""\n\nfrom typing import Generic, NamedTuple\n\n'
        "from simulator.finance.plan.lever import Floats, Real\nfrom simulator.numerics.jit import inline\n\n\n"
        'class Dividend(NamedTuple, Generic[Real]):\n    """Dividends."""\n\n'
        "    amount: Real  # USD bn a month (0: none)\n\n\n"
        "@inline\ndef select_dividend(levers: Dividend[Floats], k: int) -> Dividend[float]:\n"
        '    """The dividend of plan number `k`."""\n'
        "    return Dividend(levers.amount[k])\n",
    ),
    Step(
        "simulator/finance/plan/plans.py",
        "from simulator.finance.plan.disposal import Disposal, select_disposal\n",
        "from simulator.finance.plan.dividend import Dividend, select_dividend\n",
    ),
    Step("simulator/finance/plan/plans.py", "    cloud: Cloud[Ints]\n", "    dividend: Dividend[Floats]\n"),
    Step("simulator/finance/plan/plans.py", "    cloud: Cloud[int]\n", "    dividend: Dividend[float]\n"),
    Step(
        "simulator/finance/plan/plans.py",
        "select_cloud(plans.cloud, k),\n",
        "        select_dividend(plans.dividend, k),\n",
    ),
    Step(
        "simulator/config/freeze_plans.py",
        "        cloud=_cloud(config),\n",
        "        dividend=_dividend(config),\n",
    ),
    Step(
        "simulator/config/freeze_plans.py",
        "from simulator.finance.plan.disposal import Disposal\n",
        "from simulator.finance.plan.dividend import Dividend\n",
    ),
    Step(
        "simulator/config/freeze_plans.py",
        "    return np.array([number(value) for value in values], dtype=np.float64)\n",
        "\n\ndef _dividend(config: Config) -> Dividend[Floats]:\n"
        "    groups = [plan.dividend for plan in config.plans.values()]\n"
        "    return Dividend(amount=_floats(group.amount if group.on else 0.0 for group in groups))\n",
    ),
    Step(
        "simulator/finance/financing/cash_waterfall.py",
        "        penalty = liquidity.penalty if m == liquidity.penalty_month else 0.0\n",
        "        penalty += plan.dividend.amount\n",
    ),
    Step(
        "tests/naive/company.py",
        "        penalty = plans.liquidity.penalty[plan] if m == plans.liquidity.penalty_month[plan] else 0.0\n",
        "        penalty = penalty + plans.dividend.amount[plan]\n",
    ),
)  # fmt: skip


DRIVER = (
    Step(
        "simulator/config/drivers/funding.py",
        'sensitivity of the ln long-run spread to the spread factor; judgement"\n    )\n',
        "    spread_premium: Annotated[Number, Range(0.0, 1.0)] = Field(\n"
        '        default=0.0, description="added to the spread, per year; 0: none, for scenarios"\n    )\n',
    ),
    Step(
        "simulator/config/drivers/funding.py",
        "        spread_factor_level=number(f.spread_factor_level),\n",
        "        spread_premium=number(f.spread_premium),\n",
    ),
    Step(
        "simulator/drivers/funding.py",
        "    spread_factor_level: float  # sensitivity of that ln to F.spread\n",
        "    spread_premium: float  # added to the spread\n",
    ),
    Step(
        "simulator/drivers/funding.py",
        "            funding[m + 1, lane] = rate[lane] + exp(spread[lane])\n",
        "            funding[m + 1, lane] += p.spread_premium\n",
    ),
    Step(
        "tests/naive/world.py",
        "    rs = r + np.exp(_reverting(np.full(n, np.log(f.spread0)), log_mean, f.spread_phi, pushes))\n",
        "    rs = rs + f.spread_premium\n",
    ),
    Step("tests/naive/tiny.py", "spread_factor_level=0.0, ", "spread_premium=0.0, "),
    Step("tests/drawing.py", "spread_factor_level=n.spread_load,", " spread_premium=0.0,"),
)


def copy_with(steps: tuple[Step, ...], folder: Path) -> Path:
    """Copy the project into `folder` and apply the steps; blocks are 8 lanes wide, which changes no figure."""
    for name in COPIED:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for step in steps:
        path = folder / step.path
        before = path.read_text(encoding="utf-8") if step.anchor else ""
        if before.count(step.anchor) != 1 and step.anchor:
            raise LookupError(f"{step.path}: wanted {step.anchor!r} once, found it {before.count(step.anchor)} times")
        path.write_text(before.replace(step.anchor, step.anchor + step.text) if before else step.text, encoding="utf-8")
    kernel = folder / "simulator" / "kernel.py"
    kernel.write_text(re.sub(r"^LANES = \d+$", "LANES = 8", kernel.read_text(), count=1, flags=re.MULTILINE))
    return folder


def python(folder: Path, *arguments: str) -> str:
    """Run Python in a copy, without a compiler, and return what it printed."""
    environment = os.environ | {
        "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(folder), "XDG_CACHE_HOME": str(folder / "cache"),
        "PYTHONWARNINGS": "ignore",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
