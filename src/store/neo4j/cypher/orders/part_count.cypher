// The number for each: the same range of the same index.
CALL (ids) {
  UNWIND ids AS i
  MATCH (o:Order)
  USING INDEX SEEK o:Order(owner, placed_at, placed_arrival)
  WHERE o.owner = i.id AND o.placed_at >= $since AND o.placed_at < $until AND o.placed_arrival < $end
  RETURN count(o) AS found
}
RETURN n, found
