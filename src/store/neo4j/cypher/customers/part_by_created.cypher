// A walk along the index on (born).
MATCH (c:Customer)
USING INDEX c:Customer(born)
WHERE c.born >= $low AND c.born <= $high
