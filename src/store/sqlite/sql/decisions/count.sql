-- Most stores have no decisions, and then no sides are read.
SELECT coalesce(max(arrival), 0)
FROM decision
