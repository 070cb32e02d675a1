"""Configuration: schema, loading with line numbers, and freezing into the numbers the kernel reads."""
