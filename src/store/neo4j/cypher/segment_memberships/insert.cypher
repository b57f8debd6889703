// The transaction holds the counter's lock: no other transaction writes memberships.
UNWIND $rows AS row
MERGE (m:SegmentMembership {segment: row.segment, customer: row.customer})
SET m.born = row.born, m.since = row.since
