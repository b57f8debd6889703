// The number for each: the same two ranges.
CALL (ids) {
  UNWIND ids AS i
  CALL (i) {
    MATCH (t:Touchpoint)
    USING INDEX SEEK t:Touchpoint(owner, at, arrival)
    WHERE t.owner = i.id AND t.at >= $since AND t.at < $until AND t.arrival < $end
      AND coalesce(t.moved <= $seq, true)
      AND ($channels IS NULL OR t.channel IN $channels)
      AND ($kinds IS NULL OR t.kind IN $kinds)
      AND ($names IS NULL OR t.name IN $names)
      AND ($direction IS NULL OR t.direction = $direction)
    RETURN count(t) AS own
    UNION ALL
    MATCH (p:PastOwner)
    USING INDEX SEEK p:PastOwner(owner, at, touchpoint)
    WHERE p.owner = i.id AND p.at >= $since AND p.at < $until AND p.touchpoint < $end
      AND p.since <= $seq AND p.until > $seq
    MATCH (p)-[:WAS_OWNER_OF]->(t:Touchpoint)
    WHERE ($channels IS NULL OR t.channel IN $channels)
      AND ($kinds IS NULL OR t.kind IN $kinds)
      AND ($names IS NULL OR t.name IN $names)
      AND ($direction IS NULL OR t.direction = $direction)
    RETURN count(t) AS own
  }
  RETURN sum(own) AS found
}
RETURN n, found
