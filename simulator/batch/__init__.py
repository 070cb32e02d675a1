"""A batch: several runs, one after the other in one process; a run that fails does not stop the others."""
