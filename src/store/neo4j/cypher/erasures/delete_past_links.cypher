UNWIND $rows AS row
MATCH (p:PastLink)
USING INDEX SEEK p:PastLink(from, to, until)
WHERE p.from = row.from AND p.to = row.to AND p.until > 0 AND p.refused = row.refused
DELETE p
