// Used when a person saves a condition, and it ends at the first claim of the trait, so a scan is acceptable.
MATCH (t:Trait)
WHERE t.name = $name
RETURN t.name AS name
LIMIT 1
