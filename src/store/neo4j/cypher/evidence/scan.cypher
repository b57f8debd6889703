// Evidence from the index on (arrival).
MATCH (e:Evidence)
USING INDEX SEEK e:Evidence(arrival)
WHERE e.arrival > $after AND e.arrival < $until
RETURN e.arrival AS arrival, e.identifiers AS identifiers, e.rules_version AS rules_version, e.at AS at
ORDER BY e.arrival
LIMIT $limit
