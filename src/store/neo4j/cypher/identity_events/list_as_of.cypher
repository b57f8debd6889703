// A page of identity histories: of a customer and of the customers that had been merged into it by then.
UNWIND range(0, size($of) - 1) AS n
CALL (n) {
  UNWIND $of[n] AS customer
  CALL (customer) {
    MATCH (e:IdentityEvent)
    USING INDEX SEEK e:IdentityEvent(customer, arrival)
    WHERE e.customer = customer AND e.arrival > $after AND e.arrival < $end
    RETURN e
    ORDER BY e.customer, e.arrival
    LIMIT $limit
  }
  WITH e
  ORDER BY e.arrival
  LIMIT $limit
  RETURN collect([e.arrival, e.customer, e.at, e.kind, e.rule, e.message_id, e.by, e.reason, e.identifiers, e.others]) AS items
}
RETURN n, items
