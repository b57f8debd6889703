  -- The conditions on a customer, ?1 to ?12, the same in every list and count. The plus signs prevent an index on the
  -- bounds of times: the part before has chosen the index.
  AND c.first_seen_at >= ?1 AND c.first_seen_at < ?2
  AND +c.last_seen_at >= ?3 AND +c.last_seen_at < ?4
  AND c.order_count BETWEEN ?5 AND ?6
  AND (?7 IS NULL OR EXISTS (
      SELECT 1 FROM json_each(c.channels) h WHERE h.value IN (SELECT value FROM json_each(?7))))
  AND (?8 IS NULL
      OR coalesce((SELECT m.net FROM customer_spend m WHERE m.customer = c.born AND m.currency = ?8), 0) BETWEEN ?9 AND ?10
      AND coalesce((SELECT m.gross FROM customer_spend m WHERE m.customer = c.born AND m.currency = ?8), 0) BETWEEN ?11 AND ?12)
