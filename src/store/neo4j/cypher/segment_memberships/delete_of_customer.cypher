// Of customers that were merged away.
UNWIND $rows AS row
MATCH (m:SegmentMembership)
USING INDEX SEEK m:SegmentMembership(customer)
WHERE m.customer = row.customer
DELETE m
