"""Text of `simulator check` about a config: sites, notes and plans, CSV columns as read, inherited defaults."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from simulator.config.columns import describe_column
from simulator.config.fields.ranges import number
from simulator.config.inherited import inherited_defaults
from simulator.config.tornado_inputs import keyed_columns
from simulator.config.wording import count_noun
from simulator.finance.training import TrainingRun
from simulator.report.number_format import plain

if TYPE_CHECKING:
    from simulator.config import Config, Frozen
    from simulator.config.schema import Site

_LONGEST = 200  # characters of a title or a file name


def describe_programme(frozen: Frozen) -> dict[str, Any]:
    """Return what a config describes: sites, notes, plans."""
    config = frozen.config
    return {
        "name": config.name,
        "start": config.start,
        "months": config.months,
        "gw": sum(number(site.mw) for site in config.sites) / 1000.0,
        "sites": [_describe_site(site) for site in config.sites],
        "notes": sum(number(note.amount) for note in config.notes),
        "plans": list(frozen.plans),
        "inputs": len(frozen.inputs()),
        "stress": list(config.stress),
    }


def describe_inputs(config: Config) -> dict[str, Any]:
    """Return the CSV columns as they were read, and the defaults that nobody wrote."""
    columns = [
        {"key": key, "csv": c.csv, "column": c.column, "read": describe_column(config._folder, c.csv, c.column)}
        for key, c in keyed_columns(config)
    ]
    return {"columns": columns, "defaults": [item._asdict() for item in inherited_defaults(config)]}


def programme_text(frozen: Frozen) -> str:
    """Return sites, notes and plans of a config, a line each."""
    return "\n".join(_programme_lines(frozen)) + "\n"


def inputs_text(config: Config) -> str:
    """Return the CSV columns and the inherited defaults of a config, a line each; empty if there are none."""
    described = describe_inputs(config)
    lines = ["  columns"] if described["columns"] else []
    for column in described["columns"]:
        source = f'{plain(column["csv"], _LONGEST)}, "{plain(column["column"], _LONGEST)}"'
        lines.append(f"    {column['key']:<26}{source}: {column['read']}")
    defaults = described["defaults"]
    if defaults:
        count = count_noun(len(defaults), "number")
        lines += ["", f"  {count} by default, as the reference programme has them (value, then meaning, unit; source)"]
    lines += [f"    {item['key']} = {item['value']}   # {item['description']}" for item in defaults]
    return "\n".join([*lines, ""]).lstrip("\n")


def _describe_site(site: Site) -> dict[str, Any]:
    entry = {"id": site.id, "region": site.region, "mw": number(site.mw), "planned": number(site.planned)}
    if site.model is not None:
        keys = type(site.model).model_fields
        entry["training_days"] = TrainingRun(**{key: number(getattr(site.model, key)) for key in keys}).days
    return entry


def _programme_lines(frozen: Frozen) -> Iterator[str]:
    programme = describe_programme(frozen)
    sites = count_noun(len(programme["sites"]), "site")
    yield f"{plain(frozen.config.title, _LONGEST) or programme['name']}: {programme['gw']:.3f} GW at {sites}"
    yield f"{programme['months']} months from {programme['start']}, month 0; {programme['inputs']} uncertain inputs"
    if programme["stress"]:
        yield f"under stress, not the base: {', '.join(programme['stress'])}"
    yield ""
    for site in programme["sites"]:
        days = f"   trains for {site['training_days']:.0f} days" if "training_days" in site else ""
        yield f"  {site['id']:<20}{site['region']:<20}{site['mw']:>8,.0f} MW   month {site['planned']:>3.0f}{days}"
    yield f"\n  notes   {programme['notes']:.1f} USD bn in {count_noun(len(frozen.config.notes), 'note')}"
    for plan in programme["plans"]:
        yield f"  plan    {plan:<20}{plain(frozen.config.plans[plan].title, _LONGEST)}".rstrip()
