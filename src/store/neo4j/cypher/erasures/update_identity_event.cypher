UNWIND $rows AS row
MATCH (e:IdentityEvent)
USING INDEX SEEK e:IdentityEvent(arrival)
WHERE e.arrival = row.arrival
SET e.identifiers = row.identifiers, e.message_id = row.message_id, e.reason = row.reason
