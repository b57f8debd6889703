// The histories of customers and of those that were merged into them.
UNWIND $customers AS id
MATCH (c:CustomerId {id: id})
USING INDEX SEEK c:CustomerId(id)
MATCH (c)<-[:MERGED_INTO*0..]-(each:CustomerId)
CALL (each) {
  MATCH (e:IdentityEvent)
  USING INDEX SEEK e:IdentityEvent(customer, arrival)
  WHERE e.customer = each.id AND e.arrival > -1
  RETURN e
}
RETURN [e.arrival, e.customer, e.at, e.kind, e.rule, e.message_id, e.by, e.reason, e.identifiers, e.others] AS item
