"""Run folders as a collection: which there are, what changed between two, which may go."""
