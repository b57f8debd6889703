// The length of the same histories at a moment.
UNWIND range(0, size($of) - 1) AS n
CALL (n) {
  UNWIND $of[n] AS customer
  MATCH (e:IdentityEvent)
  USING INDEX SEEK e:IdentityEvent(customer, arrival)
  WHERE e.customer = customer AND e.arrival < $end
  RETURN count(e) AS found
}
RETURN n, found
