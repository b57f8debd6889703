// Customers whose net is 0, most of these without orders: a walk along the index on (born).
MATCH (c:Customer)
USING INDEX c:Customer(born)
WHERE c.born >= $low AND c.born <= $high
  AND NOT EXISTS {
    MATCH (s:Spend {customer: c.id, currency: $sort_currency})
    USING INDEX SEEK s:Spend(customer, currency)
    WHERE s.net <> 0
  }
