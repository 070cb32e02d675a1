"""What a run leaves: tallies, worst paths, samples and the run folder."""
