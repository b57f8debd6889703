// The number for each: the same two ranges.
CALL (ids) {
  UNWIND ids AS i
  CALL (i) {
    MATCH (o:Order)
    USING INDEX SEEK o:Order(owner, placed_at, placed_arrival)
    WHERE o.owner = i.id AND o.placed_at >= $since AND o.placed_at < $until AND o.placed_arrival < $end
      AND NOT EXISTS {
        MATCH (x:PastOwner)
        USING INDEX SEEK x:PastOwner(touchpoint, until)
        WHERE x.touchpoint = o.placed_arrival AND x.until > $seq
      }
    RETURN count(o) AS own
    UNION ALL
    MATCH (w:PastOwner)
    USING INDEX SEEK w:PastOwner(owner, at, touchpoint)
    WHERE w.owner = i.id AND w.at >= $since AND w.at < $until AND w.touchpoint < $end
      AND w.since <= $seq AND w.until > $seq
    MATCH (w)-[:WAS_OWNER_OF]->(:Touchpoint)-[:ABOUT]->(o:Order)
    WHERE o.placed_arrival = w.touchpoint
    RETURN count(o) AS own
  }
  RETURN sum(own) AS found
}
RETURN n, found
