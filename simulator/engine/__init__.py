"""Running blocks of paths: local threads, progress, stopping."""
