"""Questions asked of a config or of stored runs: tornado, stress, comparison, break-even, replay."""
