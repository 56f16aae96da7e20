"""What benchmarks/bench.py found, as a summary for machines, tables for people and a picture."""

import json
import statistics
from collections.abc import Collection
from pathlib import Path
from typing import Any

Record = dict[str, Any]
EARLIER = " †"
SPEED_KEY = ("peer", "architecture", "output_layer", "threads", "vector_size")
QUALITY_KEY = ("program", "architecture", "output_layer", "settings")


def summary(records: dict[str, Record], machine: dict[str, Any]) -> dict[str, Any]:
    """Put the records of single tasks together: medians, ranges, means and deviations.

    Args:
        records: of the tasks, by name; `source` tells the version of wordkin's source, where the result depends on it.
        machine: what they were taken on.
    """
    result: dict[str, Any] = {"machine": machine, "speed": [], "quality": []}
    for name, record in records.items():
        kind, *parts = name.split("/")
        if kind == "reading":
            result["reading"] = _reading(record)
        elif kind == "scaling":
            ratios = [two / one for one, two in zip(record["one"], record["two"], strict=True)]
            result["two threads against one"] = _spread(ratios) | _when(record)
        elif kind == "sentences":
            ratios = [short / long for long, short in zip(record["long"], record["short"], strict=True)]
            result["sentences of five tokens"] = _spread(ratios) | _when(record)
        elif kind == "speed":
            result["speed"].append(_speed(parts, record))
    groups: dict[tuple[str, ...], list[Record]] = {}
    for name, record in records.items():
        kind, *parts = name.split("/")
        if kind == "quality":
            groups.setdefault(tuple(parts[:4]), []).append(record)
    for (program, architecture, output_layer, settings), group in groups.items():
        sets = {
            key: {
                "mean": statistics.mean(values := [record["scores"][key]["value"] for record in group]),
                "deviation": statistics.stdev(values) if len(values) > 1 else None,
                "asked": group[0]["scores"][key]["asked"],
                "total": group[0]["scores"][key]["total"],
            }
            for key in group[0]["scores"]
        }
        result["quality"].append(
            {
                "program": program,
                "architecture": architecture,
                "output_layer": output_layer,
                "settings": settings,
                "seeds": len(group),
                "sets": sets,
                "average": statistics.mean(one["mean"] for one in sets.values()),
                "share": min(record["share"] for record in group),
                "date": max(record["date"] for record in group),
                "earlier": any(record.get("earlier", False) for record in group),
                "source": group[0].get("source"),
            }
        )
    return result


def kept(found: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    """Add what an earlier report has and this one has not, or has of fewer seeds.

    Args:
        found: this report's summary.
        before: the earlier one's.
    """
    sources = found["machine"]["sources"].values()
    result = dict(found)
    for kind, names in (("speed", SPEED_KEY), ("quality", QUALITY_KEY)):
        rows: dict[tuple[Any, ...], Record] = {}
        for row in (*before[kind], *found[kind]):
            key = tuple(row[name] for name in names)
            if row.get("seeds", 1) >= rows.get(key, row).get("seeds", 1):
                rows[key] = row
        result[kind] = [_marked(row, sources) for row in rows.values()]
    for name, row in before.items():
        if name not in found:
            result[name] = _marked(row, sources)
    return result


def _marked(row: Record, sources: Collection[str]) -> Record:
    return row | {"earlier": row["source"] not in (None, *sources)}


def _when(record: Record) -> Record:
    return {"date": record["date"], "earlier": record.get("earlier", False), "source": record.get("source")}


def _mark(row: Record) -> str:
    return EARLIER if row["earlier"] else ""


def _spread(values: list[float]) -> Record:
    return {"median": statistics.median(values), "low": min(values), "high": max(values)}


def _reading(record: Record) -> Record:
    seconds = record["seconds"]
    ratios = {
        name: _spread([theirs / ours for ours, theirs in zip(seconds["wordkin"], seconds[name], strict=True)])
        for name in seconds
        if name != "wordkin"
    }
    rates = {name: _spread([record["bytes"] / 1e6 / one for one in values]) for name, values in seconds.items()}
    return {"megabytes_per_second": rates, "ratios": ratios} | _when(record)


def _speed(parts: list[str], record: Record) -> Record:
    peer, architecture, output_layer, threads, *size = parts
    ratios = [ours / theirs for ours, theirs in zip(record["wordkin"], record["peer"], strict=True)]
    return {
        "peer": peer,
        "architecture": architecture,
        "output_layer": output_layer,
        "threads": int(threads.split()[0]),
        "vector_size": int(size[0].split()[0]) if size else 100,
        "wordkin": _spread(record["wordkin"]),
        "peer_rate": _spread(record["peer"]),
        "ratio": _spread(ratios),
        "kept": record["kept_tokens"] / record["tokens"],
        "share": record["share"],
        "peak_megabytes": {"wordkin": record["wordkin_peak_bytes"] / 1e6, peer: record["peer_peak_bytes"] / 1e6},
    } | _when(record)


def table(found: dict[str, Any]) -> str:
    """Everything as tables in Markdown."""
    machine = found["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    lines = [
        f"{machine['date']}; {machine['cpu']} ({machine['target']}), {machine['cores']} cores; {machine['system']}, "
        f"Python {machine['python']}; {versions}.",
        f"Text: {machine['text']}.",
    ]
    if "reading" in found:
        lines += ["", "| reading, counting, encoding | MB/s | wordkin against it |", "|---|---|---|"]
        for name, rate in found["reading"]["megabytes_per_second"].items():
            ratio = found["reading"]["ratios"].get(name)
            cells = [name + _mark(found["reading"]), _range(rate, ".0f"), _range(ratio, ".1f", " ×") if ratio else ""]
            lines.append(f"| {' | '.join(cells)} |")
    if found["speed"]:
        lines += [
            "",
            "| training | against | threads | wordkin, tokens/s | peer, tokens/s | ratio | peak memory, MB |",
            "|---|---|---|---|---|---|---|",
        ]
        for row in sorted(found["speed"], key=_order):
            peaks = " : ".join(f"{value:.0f}" if value else "?" for value in row["peak_megabytes"].values())
            size = ("" if row["vector_size"] == 100 else f", {row['vector_size']} dimensions") + _mark(row)
            lines.append(
                f"| {row['architecture']}, {row['output_layer']}{size} | {row['peer']} | {row['threads']} | "
                f"{_range(row['wordkin'], ',.0f')} | {_range(row['peer_rate'], ',.0f')} | "
                f"{_range(row['ratio'], '.1f', ' ×')} | {peaks} |"
            )
        kept = max(row["kept"] for row in found["speed"])
        lines += ["", f"Tokens before subsampling; {100 * kept:.0f} % of them are left by it and trained on."]
    if "two threads against one" in found:
        ratio = found["two threads against one"]
        lines += ["", f"wordkin, two threads against one: {_range(ratio, '.2f', ' ×')}{_mark(ratio)}."]
    if "sentences of five tokens" in found:
        ratio = found["sentences of five tokens"]
        words = _range(ratio, ".2f", " ×") + _mark(ratio)
        lines += ["", f"wordkin, tokens/s in sentences of five tokens against the same text's lines: {words}."]
    if found["quality"]:
        names = list(found["quality"][0]["sets"])
        lines += ["", f"| quality | program | {' | '.join(names)} | average |", "|---|---|" + "---|" * (len(names) + 1)]
        for row in sorted(found["quality"], key=_order):
            cells = [
                f"{one['mean']:.1f}" + (f" ± {one['deviation']:.1f}" if one["deviation"] is not None else "")
                for one in row["sets"].values()
            ]
            program = row["program"] + (", its defaults" if row["settings"] == "defaults" else "")
            variant = f"{row['architecture']}, {row['output_layer']}{_mark(row)}"
            lines.append(f"| {variant} | {program} | {' | '.join(cells)} | {row['average']:.1f} |")
    text = "\n".join(lines)
    return text + "\n\n† taken with an earlier version of wordkin's source." if EARLIER in text else text


def _order(row: Record) -> tuple[bool, bool, int]:
    return row["output_layer"] != "negative-sampling", row["architecture"] != "skipgram", row.get("vector_size", 0)


def _range(spread: Record, style: str, unit: str = "") -> str:
    low, high = format(spread["low"], style), format(spread["high"], style)
    return f"{format(spread['median'], style)}{unit} ({low} to {high})"


def write(found: dict[str, Any], folder: Path) -> None:
    """Write results.json, results.md and quality.svg into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")
    (folder / "results.md").write_text(table(found) + "\n", "utf-8")
    if found["quality"] and found["speed"]:
        _draw(found, folder / "quality.svg")


def _draw(found: dict[str, Any], path: Path) -> None:
    """Draw the average over the sets against the time of one epoch with one thread."""
    import matplotlib as mpl

    mpl.use("svg")
    import matplotlib.pyplot as plt

    rates: dict[tuple[str, str, str], list[float]] = {}
    for row in found["speed"]:
        if row["threads"] == 1 and row["vector_size"] == 100:
            variant = row["architecture"], row["output_layer"]
            rates.setdefault((row["peer"], *variant), []).append(row["peer_rate"]["median"])
            rates.setdefault(("wordkin", *variant), []).append(row["wordkin"]["median"])
    markers = {
        ("skipgram", "negative-sampling"): "o",
        ("cbow", "negative-sampling"): "s",
        ("skipgram", "hierarchical-softmax"): "^",
        ("cbow", "hierarchical-softmax"): "D",
    }
    colours = {"wordkin": "#c0392b", "word2vec": "#2c3e50", "gensim": "#2980b9", "fastText": "#27ae60"}
    figure, axes = plt.subplots(figsize=(8.6, 4.0))
    for row in found["quality"]:
        key = row["program"], row["architecture"], row["output_layer"]
        if key in rates:
            own = row["settings"] == "defaults"
            axes.scatter(
                1e6 / statistics.median(rates[key]),
                row["average"],
                s=60,
                marker=markers[key[1:]],
                facecolors="none" if own else colours[row["program"]],
                edgecolors=colours[row["program"]],
            )
    for program, colour in colours.items():
        axes.scatter([], [], color=colour, label=program)
    for variant, marker in markers.items():
        axes.scatter([], [], color="grey", marker=marker, label=", ".join(variant))
    axes.scatter([], [], facecolors="none", edgecolors=colours["wordkin"], label="wordkin's own defaults")
    axes.set(xscale="log", xlabel="seconds for a million tokens, one thread", ylabel="average over seven sets, %")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.01, 0.5))
    axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
