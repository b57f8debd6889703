MATCH (s:Secret {name: $name})
USING INDEX s:Secret(name)
RETURN s.value AS value
