"""Several runs in one night, one after the other in one process: one that fails does not stop the others."""
