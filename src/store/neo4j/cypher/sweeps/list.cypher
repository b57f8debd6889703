// One node for each segment at most.
MATCH (s:Sweep)
USING INDEX SEEK s:Sweep(segment)
WHERE s.segment > 0
RETURN s.segment AS segment, s.change AS change, s.at AS at, s.after AS after
ORDER BY segment
