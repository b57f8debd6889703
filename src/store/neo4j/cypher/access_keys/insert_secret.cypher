// The first server stores a secret; later ones leave it. The constraint on the name makes two at the same time one.
MERGE (s:Secret {name: $name})
ON CREATE SET s.value = $value
