// The stored segments of customers, from the index on (customer).
UNWIND $customers AS id
MATCH (m:SegmentMembership)
USING INDEX SEEK m:SegmentMembership(customer)
WHERE m.customer = id
RETURN id AS customer, m.segment AS segment, m.since AS since
