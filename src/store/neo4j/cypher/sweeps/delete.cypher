MATCH (s:Sweep {segment: $segment})
USING INDEX SEEK s:Sweep(segment)
DELETE s
