UNWIND $rows AS row
MATCH (m:SegmentMembership {segment: row.segment, customer: row.customer})
USING INDEX SEEK m:SegmentMembership(segment, customer)
DELETE m
