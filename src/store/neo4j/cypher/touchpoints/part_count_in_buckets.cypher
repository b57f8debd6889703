// Touchpoints of each by channel and bucket: $buckets buckets of equal width from $since until before $until.
CALL (ids) {
  UNWIND ids AS i
  MATCH (t:Touchpoint)
  USING INDEX SEEK t:Touchpoint(owner, at, arrival)
  WHERE t.owner = i.id AND t.at >= $since AND t.at < $until AND t.arrival < $end
  WITH t.channel AS channel, (t.at - $since) * $buckets / ($until - $since) AS bucket, count(t) AS count
  RETURN collect([channel, bucket, count]) AS items
}
RETURN n, items
