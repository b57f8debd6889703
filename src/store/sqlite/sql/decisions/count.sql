-- Most stores have none, and then nobody's sides are read.
SELECT coalesce(max(arrival), 0)
FROM decision
