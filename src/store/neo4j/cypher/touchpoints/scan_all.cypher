// Whole touchpoints from the index on (arrival), in its order.
MATCH (t:Touchpoint)
USING INDEX SEEK t:Touchpoint(arrival)
WHERE t.arrival > $after AND t.arrival < $end
WITH t
ORDER BY t.arrival
LIMIT $limit
RETURN [t.arrival, t.id, t.at, t.owner, t.source, t.device, t.order_source, t.order_number, t.kind, t.name, t.channel, t.direction, t.session_id, t.campaign, t.properties, t.carrier] AS item
