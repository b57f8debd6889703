// The number for each: the same range of the same index.
CALL (ids) {
  UNWIND ids AS i
  MATCH (t:Touchpoint)
  USING INDEX SEEK t:Touchpoint(owner, at, arrival)
  WHERE t.owner = i.id AND t.at >= $since AND t.at < $until AND t.arrival < $end
      AND ($channels IS NULL OR t.channel IN $channels)
      AND ($kinds IS NULL OR t.kind IN $kinds)
      AND ($names IS NULL OR t.name IN $names)
      AND ($direction IS NULL OR t.direction = $direction)
  RETURN count(t) AS found
}
RETURN n, found
