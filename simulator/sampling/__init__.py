"""Standard scores for a block of paths: the only source of randomness."""
