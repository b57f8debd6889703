// Ranges to assign. Near ranges become one.
UNWIND $rows AS row
OPTIONAL MATCH (p:PendingVisits)
USING INDEX SEEK p:PendingVisits(device, from_at)
WHERE p.device = row.device AND p.from_at <= row.near_to AND p.to_at >= row.near_from
WITH row, collect(p) AS near
WITH row, near, reduce(x = row.from_at, p IN near | CASE WHEN p.from_at < x THEN p.from_at ELSE x END) AS from_at,
  reduce(x = row.to_at, p IN near | CASE WHEN p.to_at > x THEN p.to_at ELSE x END) AS to_at
FOREACH (p IN near | DELETE p)
CREATE (:PendingVisits {device: row.device, from_at: from_at, to_at: to_at})
