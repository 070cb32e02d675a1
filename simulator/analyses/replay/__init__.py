"""Replay of a run's paths: events of the world and of each plan, monthly series, ranks among the run's paths.

`selection` opens the run and chooses paths, `replayed_path` simulates one, `covenant_tests` evaluates its covenants,
`world_events` and `company_events` list its events, `months` its series, `percentile_rank` compares its figures with
those that the run stored, `narrative` joins them into what `simulator replay --json` prints, `replay` runs it all.
"""
