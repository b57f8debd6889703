// A walk along the index on (currency, net, born), of those who have any money in the currency
// that does not come to 0.
MATCH (s:Spend)
USING INDEX s:Spend(currency, net, born)
WHERE s.currency = $sort_currency AND s.net >= $low AND s.net <= $high AND s.born IS NOT NULL
  AND (s.net <> $edge OR $sign * s.born > $place)
MATCH (c:CustomerId {id: s.customer})
WHERE true
