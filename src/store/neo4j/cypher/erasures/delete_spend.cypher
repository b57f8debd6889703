UNWIND $customers AS id
MATCH (s:Spend)
USING INDEX SEEK s:Spend(customer, currency)
WHERE s.customer = id AND s.currency IS NOT NULL
DELETE s
