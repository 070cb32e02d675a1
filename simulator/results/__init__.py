"""The results of a run: tallies, worst paths, samples and the run folder."""
