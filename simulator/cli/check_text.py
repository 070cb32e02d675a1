"""Text of `simulator check` about a config: sites, notes and plans, CSV columns as read, inherited defaults."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from simulator.config.fields.ranges import number
from simulator.config.number_sources import describe_columns, inherited_defaults
from simulator.config.wording import count_noun
from simulator.finance.training import TrainingRun
from simulator.report.number_format import plain

if TYPE_CHECKING:
    from simulator.config import Frozen
    from simulator.config.schema import Site

_LONGEST = 200  # characters of a title or a file name


def describe_config(frozen: Frozen) -> dict[str, Any]:
    """Return a config's programme, its CSV columns as they were read, and the defaults that nobody wrote."""
    return {
        "programme": _describe_programme(frozen),
        "columns": describe_columns(frozen.config),
        "defaults": [item._asdict() for item in inherited_defaults(frozen.config)],
    }


def config_text(frozen: Frozen) -> str:
    """Return the same in lines: sites, notes, plans, columns, defaults."""
    described = describe_config(frozen)
    blocks = [_programme_lines(frozen, described["programme"]), _column_lines(described), _default_lines(described)]
    return "\n\n".join("\n".join(lines) for lines in map(list, blocks) if lines) + "\n"


def _column_lines(described: dict[str, Any]) -> list[str]:
    lines = ["  columns"] if described["columns"] else []
    for column in described["columns"]:
        source = f'{plain(column["csv"], _LONGEST)}, "{plain(column["column"], _LONGEST)}"'
        lines.append(f"    {column['key']:<26}{source}: {column['read']}")
    return lines


def _default_lines(described: dict[str, Any]) -> list[str]:
    count = count_noun(len(described["defaults"]), "number")
    head = f"  {count} by default, as the reference programme has them (value, then meaning, unit; source)"
    lines = [f"    {item['key']} = {item['value']}   # {item['description']}" for item in described["defaults"]]
    return [head, *lines] if lines else []


def _describe_programme(frozen: Frozen) -> dict[str, Any]:
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


def _mw_text(mw: float) -> str:
    """Return megawatts in whole numbers, or in three digits where these would be few."""
    return f"{mw:,.0f}" if mw >= 100.0 else f"{mw:.3g}"


def _describe_site(site: Site) -> dict[str, Any]:
    entry = {"id": site.id, "region": site.region, "mw": number(site.mw), "planned": number(site.planned)}
    if site.model is not None:
        keys = type(site.model).model_fields
        entry["training_days"] = TrainingRun(**{key: number(getattr(site.model, key)) for key in keys}).days
    return entry


def _programme_lines(frozen: Frozen, programme: dict[str, Any]) -> Iterator[str]:
    sites = count_noun(len(programme["sites"]), "site")
    yield f"{plain(frozen.config.title, _LONGEST) or programme['name']}: {programme['gw']:.3f} GW at {sites}"
    yield f"{programme['months']} months from {programme['start']}, month 0; {programme['inputs']} uncertain inputs"
    if programme["stress"]:
        yield f"under stress, not the base: {', '.join(programme['stress'])}"
    yield ""
    for site in programme["sites"]:
        days = f"   trains for {site['training_days']:.0f} days" if "training_days" in site else ""
        size, month = _mw_text(site["mw"]), f"month {site['planned']:>3.0f}"
        yield f"  {site['id']:<20}{site['region']:<20}{size:>8} MW   {month}{days}"
    yield f"\n  notes   {programme['notes']:.1f} USD bn in {count_noun(len(frozen.config.notes), 'note')}"
    for plan in programme["plans"]:
        yield f"  plan    {plan:<20}{plain(frozen.config.plans[plan].title, _LONGEST)}".rstrip()
