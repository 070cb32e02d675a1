"""A run on the workers of a dask cluster, with the bits that this machine would give."""
