  -- The far bound again: here it ends the walk.
  AND c.last_seen_at < ?4
  AND (c.last_seen_at, c.place) > (?13, ?14)
ORDER BY c.last_seen_at, c.place
LIMIT ?15
