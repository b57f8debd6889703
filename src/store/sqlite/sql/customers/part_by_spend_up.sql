  AND (s.net, s.customer) > (?13, ?14)
ORDER BY s.net, s.customer
LIMIT ?15
