// The conditions on a customer. An absent condition is a null or the widest bound. A customer without money in the
// currency counts as 0, and $zero_fits says whether 0 meets the condition. Sums above 64 bits are texts, in the order
// of their numbers, and have bounds of their own.
  AND c.first_seen_at >= $first_seen_since AND c.first_seen_at < $first_seen_until
  AND c.last_seen_at >= $last_seen_since AND c.last_seen_at < $last_seen_until
  AND c.order_count >= $orders_min AND c.order_count <= $orders_max
  AND ($channels IS NULL OR any(channel IN c.channels WHERE channel IN $channels))
  AND ($currency IS NULL
    OR EXISTS {
      MATCH (m:Spend {customer: c.id, currency: $currency})
      USING INDEX SEEK m:Spend(customer, currency)
      WHERE (m.net >= $net_min AND m.net <= $net_max OR m.net >= $vast_net_min AND m.net <= $vast_net_max)
        AND (m.gross >= $gross_min AND m.gross <= $gross_max OR m.gross >= $vast_gross_min AND m.gross <= $vast_gross_max)
    }
    OR ($zero_fits AND NOT EXISTS {
      MATCH (m:Spend {customer: c.id, currency: $currency})
      USING INDEX SEEK m:Spend(customer, currency)
    }))
  AND ($parts IS NULL OR all(part IN $parts WHERE EXISTS {
    MATCH (c)-[:IDENTIFIED_BY]->(:Identifier)-[:CLAIMS*0..1]->(said)
    WITH part, ' ' + said.search + ' ' AS words
    WHERE any(text IN part WHERE words CONTAINS text)
  }))
