"""One path drawn again and told: what happened in its world, what each plan did then, and where it stands in its run.

`paths` simulates, `covenants` takes the tests apart, `world` and `company` find the events, `months` the series,
`standing` looks the path up in what the run kept, `story` puts it together.
"""
