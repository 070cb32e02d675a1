"""Levers of plans: one file and one NamedTuple a lever, nested in `Plans` (all plans) and `Plan` (one of them).

A frozen field has the name of its config key (config/schema/levers.py, plans.py), or that name and one of these
suffixes: `_months` for a key in years, `_net` less a discount, `_marginal` for the index of a marginal law, `_tenor`
for a place in Price.tenors, `_threshold` for a standard score, `_mean` for a mean over notes. `on` is 1 where the lever
has an effect: a joint venture with a share of 0 is off. An absent lever has its neutral numbers.
"""
