// Lines by name.
UNWIND range(0, size($keys) - 1) AS n
MATCH (e:IdentityEvent {arrival: $keys[n]})
USING INDEX SEEK e:IdentityEvent(arrival)
RETURN n, [e.arrival, e.customer, e.at, e.kind, e.rule, e.message_id, e.by, e.reason, e.identifiers, e.others] AS item
