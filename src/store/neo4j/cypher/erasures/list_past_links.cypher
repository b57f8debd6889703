UNWIND $rows AS row
MATCH (p:PastLink)
USING INDEX SEEK p:PastLink(from, to, until)
WHERE p.from = row.from AND p.to = row.to AND p.until > 0 AND p.refused = row.refused
RETURN p.from AS from, p.to AS to, p.refused AS refused, p.until AS until, p.first_at AS first_at, p.last_at AS last_at
ORDER BY p.until
