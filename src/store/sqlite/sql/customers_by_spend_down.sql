  AND (s.net, s.customer) < (?14, ?15)
ORDER BY s.net DESC, s.customer DESC
LIMIT ?16
