// The number of links of each.
CALL (ids) {
  UNWIND ids AS i
  MATCH (i)-[l:LINKED|REFUSED]-(:Identifier)
  WHERE $refused IS NULL OR $refused = (type(l) = 'REFUSED')
  RETURN count(DISTINCT l) AS found
}
RETURN n, found
