// The secret of the hashes, once anybody was erased.
MATCH (n:Counter {name: 'changes'})
WHERE n.erasures > 0
MATCH (s:Secret {name: 'masking'})
USING INDEX SEEK s:Secret(name)
RETURN s.value AS value
