"""The speed of reading a column of a table, beside that of the same text as a plain file.

python benchmarks/columns.py TEXT [--rounds 7] [--megabytes 50] [--only pandas "Parquet, zstd"]

TEXT has a sentence on each line; its first --megabytes are used. Each round encodes the plain text and then each form
of the table, one after the other in this process; a ratio is of the two times in the same round. Shown are the median
of the ratios, the least and the greatest, and the median of the megabytes of text per second.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from wordkin import Column, TrainingConfig
from wordkin.corpus.encoder import encode

CONFIG = TrainingConfig(min_count=1)


def corpora(text: bytes, folder: Path) -> dict[str, Callable[[], Any]]:
    """What makes a corpus of the text in each form, by the form's name."""
    lines = text.decode().split("\n")
    table = pa.table({"id": np.arange(len(lines)), "text": pa.array(lines, pa.large_string())})
    lists = [line.split() for line in lines]
    tokens = pa.array(lists)
    plain, csv, jsonl = folder / "text.txt", folder / "table.csv", folder / "table.jsonl"
    plain.write_bytes(text)
    for name, compression in (("snappy", "snappy"), ("zstd", "zstd")):
        pq.write_table(table, folder / f"{name}.parquet", compression=compression)
    pq.write_table(pa.table({"text": tokens}), folder / "lists.parquet")
    with pa.OSFile(str(folder / "table.arrow"), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    pyarrow.csv.write_csv(table, csv)
    with jsonl.open("w", encoding="utf-8") as rows:
        rows.writelines(json.dumps({"id": number, "text": line}) + "\n" for number, line in enumerate(lines))
    frame = table.to_pandas()
    objects = frame.astype({"text": object})
    of_polars = pl.DataFrame({"text": lines})
    return {
        "plain text": lambda: plain,
        "Arrow": lambda: Column(table, "text"),
        "Arrow, lists of tokens": lambda: Column(pa.table({"text": tokens}), "text"),
        "pandas": lambda: Column(frame, "text"),
        "pandas of objects": lambda: Column(objects, "text"),
        "polars": lambda: Column(of_polars, "text"),
        "Parquet, snappy": lambda: Column(folder / "snappy.parquet", "text"),
        "Parquet, zstd": lambda: Column(folder / "zstd.parquet", "text"),
        "Parquet, lists of tokens": lambda: Column(folder / "lists.parquet", "text"),
        "Arrow file": lambda: Column(folder / "table.arrow", "text"),
        "CSV": lambda: Column(csv, "text"),
        "JSON lines": lambda: Column(jsonl, "text"),
        "list of strings": lambda: Column({"text": lines}, "text"),
        "list of lists of tokens": lambda: Column({"text": lists}, "text"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text", type=Path)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--megabytes", type=float, default=50)
    parser.add_argument("--only", nargs="+", help="forms to measure, besides plain text")
    options = parser.parse_args()
    with options.text.open("rb") as file:
        text = file.read(int(options.megabytes * 1e6))
    text = text[: text.rfind(b"\n")]
    with tempfile.TemporaryDirectory() as folder:
        forms = corpora(text, Path(folder))
        chosen = ["plain text", *(options.only or list(forms)[1:])]
        times: dict[str, list[float]] = {name: [] for name in chosen}
        tokens = encode(forms["plain text"](), CONFIG).tokens
        for _ in range(options.rounds):
            for name in chosen:
                corpus = forms[name]()
                begin = time.monotonic()
                found = encode(corpus, CONFIG).tokens
                times[name].append(time.monotonic() - begin)
                assert found == tokens, f"{name}: {found:,} tokens, not {tokens:,}"
    print(f"{len(text) / 1e6:.0f} MB of text, {tokens:,} tokens; {options.rounds} rounds\n")
    print("| form | speed, plain text = 1 | least | greatest | MB of text/s |")
    print("|---|---|---|---|---|")
    for name in chosen:
        ratios = [plain / own for plain, own in zip(times["plain text"], times[name], strict=True)]
        speed = len(text) / 1e6 / statistics.median(times[name])
        print(f"| {name} | {statistics.median(ratios):.2f} | {min(ratios):.2f} | {max(ratios):.2f} | {speed:.0f} |")


if __name__ == "__main__":
    main()
