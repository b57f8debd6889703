// A walk along the index on (last_seen_at, born) from the cursor on, until enough customers meet the conditions.
MATCH (c:Customer)
USING INDEX c:Customer(last_seen_at, born)
WHERE c.last_seen_at >= $low AND c.last_seen_at <= $high AND c.born IS NOT NULL
  AND CASE WHEN c.last_seen_at = $edge THEN $sign * c.born > $place ELSE true END
