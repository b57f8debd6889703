// The number of links of each at a moment.
CALL (ids) {
  UNWIND ids AS i
  MATCH (i)-[l:LINKED|REFUSED]-(:Identifier)
  WHERE coalesce(l.since, 0) <= $seq AND ($refused IS NULL OR $refused = (type(l) = 'REFUSED'))
  RETURN count(DISTINCT l) AS found
}
RETURN n, found
