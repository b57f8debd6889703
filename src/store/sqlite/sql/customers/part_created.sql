-- All that fit but for what only a look at each can say.
SELECT c.born
FROM customer c
WHERE c.survivor IS NULL
