// It reads every message: an index by owner would cost every event, and erasures are rare.
MATCH (m:Message)
WHERE m.owner IN $ids
RETURN m.id AS id
LIMIT $limit
