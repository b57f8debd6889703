INSERT INTO orders (
    source, number, owner, placed_at, placed_arrival, status, currency, total, returned, channel, events,
    vast_total, vast_returned
)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
ON CONFLICT (number, source)
DO UPDATE SET
    owner = excluded.owner, placed_at = excluded.placed_at, placed_arrival = excluded.placed_arrival,
    status = excluded.status, currency = excluded.currency, total = excluded.total,
    returned = excluded.returned, channel = excluded.channel, events = excluded.events,
    vast_total = excluded.vast_total, vast_returned = excluded.vast_returned
