#!/usr/bin/env python3
"""Transitions and a funnel of six steps in DuckDB, best of three each: `journeys_duckdb.py FILE.csv THREADS`.

Needs PyPI's duckdb. The table is as quick as it can be had: enums, sorted by customer and time, with each
touchpoint's place as one number.
"""

import sys
import time

import duckdb

FUNNEL = ["Product Viewed", "Product Added", "Cart Viewed", "Checkout Started", "Payment Entered", "Order Completed"]

COUNTS = """
SELECT name, next, count(*) FROM (
  SELECT name, lead(name) OVER (PARTITION BY customer ORDER BY place) AS next FROM touchpoints
) GROUP BY ALL
"""

# With all that our answer can have beside the counts: in how many journeys, and the median time.
WHOLE = """
SELECT name, next, count(*), count(DISTINCT customer), median(next_at - "at") FROM (
  SELECT customer, name, "at", lead(name) OVER w AS next, lead("at") OVER w AS next_at FROM touchpoints
  WINDOW w AS (PARTITION BY customer ORDER BY place)
) GROUP BY ALL
"""


def funnel(timed):
    """Each step is the first touchpoint of its name behind the step before; `timed` with the median times between."""
    at = ', min(t."at") AS "at"' if timed else ""
    steps = [
        f"s1 AS (SELECT t.customer, min(t.place) AS place{at} FROM touchpoints t "
        f"WHERE t.name = '{FUNNEL[0]}' GROUP BY 1)"
    ]
    for n, name in enumerate(FUNNEL[1:], 2):
        steps.append(
            f"s{n} AS (SELECT t.customer, min(t.place) AS place{at} FROM touchpoints t JOIN s{n - 1} s "
            f"ON t.customer = s.customer AND t.place > s.place WHERE t.name = '{name}' GROUP BY 1)"
        )
    answers = [f"(SELECT count(*) FROM s{n})" for n in range(1, len(FUNNEL) + 1)]
    if timed:
        pairs = [f"s{n} a JOIN s{n + 1} b ON a.customer = b.customer" for n in range(1, len(FUNNEL))]
        answers += [f'(SELECT median(b."at" - a."at") FROM {pair})' for pair in pairs]
    return f"WITH {', '.join(steps)} SELECT {', '.join(answers)}"


def best(connection, what, query):
    times = []
    for _ in range(3):
        start = time.perf_counter()
        connection.execute(query).fetchall()
        times.append(time.perf_counter() - start)
    print(f"{what}\t{min(times):.4f}", flush=True)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    connection = duckdb.connect()
    connection.execute(f"SET threads = {int(sys.argv[2])}")
    connection.execute("CREATE TABLE raw AS SELECT * FROM read_csv(?)", [sys.argv[1]])
    for column in ("name", "channel"):
        connection.execute(f"CREATE TYPE {column}_values AS ENUM (SELECT DISTINCT {column} FROM raw)")
    connection.execute(
        "CREATE TABLE touchpoints AS SELECT customer::INTEGER AS customer, \"at\", name::name_values AS name, "
        "channel::channel_values AS channel, row_number() OVER () AS place FROM raw ORDER BY customer, \"at\""
    )
    best(connection, "transitions, counts alone", COUNTS)
    best(connection, "transitions, with journeys and medians", WHOLE)
    best(connection, "funnel, counts alone", funnel(timed=False))
    best(connection, "funnel, with medians", funnel(timed=True))


if __name__ == "__main__":
    main()
