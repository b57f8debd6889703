#!/usr/bin/env python3
"""Turns the ecom data set of PyPI's retentioneering 5.2.4 into events, one JSON object a line.

    pip download retentioneering==5.2.4 --no-deps
    ecom_to_events.py retentioneering-5.2.4-py3-none-any.whl > ecom.ndjson

Takes the wheel itself, or ecom.csv.gz out of it. 31,106 touchpoints of 600 customers, each in the
session the data names. Two at the same second stand in the order of the file, and arrive in it.
"""

import csv
import gzip
import io
import json
import sys
import zipfile

MEMBER = "retentioneering/datasets/ecom.csv.gz"


def packed(path):
    """The bytes of ecom.csv.gz."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as wheel:
            return wheel.read(MEMBER)
    with open(path, "rb") as file:
        return file.read()


def event(row):
    return {
        "type": "track",
        "userId": row["user_id"],
        "event": row["event"],
        "timestamp": row["timestamp"].replace(" ", "T") + "Z",
        "properties": {
            "channel": "website",
            "platform": row["platform"],
            "acquisition_channel": row["acquisition_channel"],
            "user_cohort": row["user_cohort"],
            "user_lifecycle": row["user_lifecycle"],
        },
        "context": {"source": "ecom", "sessionId": row["session_id"]},
    }


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with gzip.open(io.BytesIO(packed(sys.argv[1])), "rt", encoding="utf-8", newline="") as text:
        for row in csv.DictReader(text):
            print(json.dumps(event(row), separators=(",", ":")))


if __name__ == "__main__":
    main()
