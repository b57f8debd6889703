// The same at a moment: touchpoints of the owner now and then, and touchpoints that it owned only then.
CALL (ids) {
  UNWIND ids AS i
  CALL (i) {
    MATCH (t:Touchpoint)
    USING INDEX SEEK t:Touchpoint(owner, at, arrival)
    WHERE t.owner = i.id AND t.at >= $since AND t.at < $until AND t.arrival < $end
      AND coalesce(t.moved <= $seq, true)
    RETURN t
    UNION ALL
    MATCH (p:PastOwner)
    USING INDEX SEEK p:PastOwner(owner, at, touchpoint)
    WHERE p.owner = i.id AND p.at >= $since AND p.at < $until AND p.touchpoint < $end
      AND p.since <= $seq AND p.until > $seq
    MATCH (p)-[:WAS_OWNER_OF]->(t:Touchpoint)
    RETURN t
  }
  WITH t.channel AS channel, (t.at - $since) * $buckets / ($until - $since) AS bucket, count(t) AS count
  RETURN collect([channel, bucket, count]) AS items
}
RETURN n, items
