from simulator.analyses.break_even import break_even as break_even
from simulator.analyses.compare import compare as compare
from simulator.analyses.replay.replay import replay as replay
from simulator.analyses.stress import stress as stress
from simulator.analyses.tornado import tornado as tornado
from simulator.config import Config as Config
from simulator.config import Frozen as Frozen
from simulator.config import freeze as freeze
from simulator.config import load as load
from simulator.errors import ConfigError as ConfigError
from simulator.errors import Interrupted as Interrupted
from simulator.errors import RunError as RunError
from simulator.errors import SimulatorError as SimulatorError
from simulator.pipeline import run as run
from simulator.results.store import Run as Run
from simulator.results.store import open_run as open_run

__version__: str
__all__: list[str]
