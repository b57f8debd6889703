// The latest touchpoint of each owner in a channel.
UNWIND range(0, size($rows) - 1) AS n
WITH n, $rows[n] AS row
CALL (row) {
  MATCH (t:Touchpoint)
  USING INDEX SEEK t:Touchpoint(owner, at, arrival)
  WHERE t.owner = row.owner AND t.at IS NOT NULL AND t.arrival IS NOT NULL AND t.channel = row.channel
  RETURN t.at AS at
  ORDER BY t.owner DESC, t.at DESC, t.arrival DESC
  LIMIT 1
}
RETURN n, at
