// Touchpoints by their places in the index.
UNWIND $rows AS row
MATCH (t:Touchpoint)
USING INDEX SEEK t:Touchpoint(owner, at, arrival)
WHERE t.owner = row.owner AND t.at = row.at AND t.arrival = row.arrival
RETURN [t.arrival, t.id, t.at, t.owner, t.source, t.device, t.order_source, t.order_number, t.kind, t.name, t.channel, t.direction, t.session_id, t.campaign, t.properties, t.carrier] AS item
