"""Run folders as a collection: list them, compare two, remove those that are chosen."""
