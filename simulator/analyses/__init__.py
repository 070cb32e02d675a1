"""Analyses of configs and stored runs, one verb a file."""
