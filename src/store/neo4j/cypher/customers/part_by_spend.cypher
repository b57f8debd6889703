// A walk along the index on (currency, net, born): customers whose net in the currency is not 0. The bounds are
// integers, or texts for sums above 64 bits.
MATCH (s:Spend)
USING INDEX s:Spend(currency, net, born)
WHERE s.currency = $sort_currency AND s.net >= $low AND s.net <= $high AND s.born IS NOT NULL
  AND CASE WHEN s.net = $edge THEN $sign * s.born > $place ELSE true END
MATCH (c:CustomerId {id: s.customer})
USING INDEX SEEK c:CustomerId(id)
WHERE true
