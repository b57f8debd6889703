OPTIONAL MATCH (s:Spend {customer: c.id, currency: $sort_currency})
USING INDEX SEEK s:Spend(customer, currency)
RETURN c.id AS id, c.last_seen_at AS last_seen_at, c.born AS born, coalesce(s.net, 0) AS net
