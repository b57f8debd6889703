#!/usr/bin/env python3
"""Turns CDNOW_master.txt of PyPI's lifetimes 0.11.3 into events, one JSON object a line.

    pip download lifetimes==0.11.3 --no-deps
    cdnow_to_events.py Lifetimes-0.11.3-py3-none-any.whl > cdnow.ndjson

Takes the wheel itself, or CDNOW_master.txt out of it. 69,659 orders of 23,570 customers,
2,500,315.63 dollars in all. 255 rows are equal to another one and all are real, so an order's
number is its row's number; there are no message ids.
"""

import json
import sys
import zipfile

MEMBER = "lifetimes/datasets/CDNOW_master.txt"


def lines(path):
    """The rows, without the header."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as wheel:
            text = wheel.read(MEMBER).decode("ascii")
    else:
        with open(path, encoding="ascii") as file:
            text = file.read()
    return text.splitlines()[1:]


def event(number, row):
    customer, day, count, dollars = row.split()
    return {
        "type": "track",
        "userId": customer,
        "event": "Order Completed",
        "timestamp": f"{day[:4]}-{day[4:6]}-{day[6:]}T00:00:00Z",
        "properties": {
            "channel": "website",
            "order_id": f"{number:05}",
            "currency": "USD",
            "total": dollars,
            "number_of_cds": int(count),
        },
        "context": {"source": "cdnow"},
    }


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for number, row in enumerate(lines(sys.argv[1]), start=1):
        print(json.dumps(event(number, row), separators=(",", ":")))


if __name__ == "__main__":
    main()
