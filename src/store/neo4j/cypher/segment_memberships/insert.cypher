// The transaction has the counter's lock, so nobody else writes memberships.
UNWIND $rows AS row
MERGE (m:SegmentMembership {segment: row.segment, customer: row.customer})
SET m.born = row.born, m.since = row.since
