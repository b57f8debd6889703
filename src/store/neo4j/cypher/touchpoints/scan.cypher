// Touchpoints from the index on (arrival), in its order.
MATCH (t:Touchpoint)
USING INDEX SEEK t:Touchpoint(arrival)
WHERE t.arrival > $after AND t.arrival < $end
WITH t
ORDER BY t.arrival
LIMIT $limit
RETURN [t.arrival, t.at, t.owner, t.kind, t.name, t.channel, t.direction, t.source, t.session_id, t.campaign, t.order_source, t.order_number, t.properties] AS item
