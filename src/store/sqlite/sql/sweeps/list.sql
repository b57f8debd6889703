-- One row for each segment at most.
SELECT segment, change, at, after
FROM sweep
ORDER BY segment
