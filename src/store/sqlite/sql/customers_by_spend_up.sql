  AND (s.net, s.customer) > (?14, ?15)
ORDER BY s.net, s.customer
LIMIT ?16
