// All visits on shared devices are to be assigned again.
MATCH (i:Identifier)
USING INDEX SEEK i:Identifier(shared_since)
WHERE i.shared_since > 0
CREATE (:PendingVisits {device: i.id, from_at: $from_at, to_at: $to_at})
