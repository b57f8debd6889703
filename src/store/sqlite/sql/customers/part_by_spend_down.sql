  AND (s.net, s.customer) < (?13, ?14)
ORDER BY s.net DESC, s.customer DESC
LIMIT ?15
