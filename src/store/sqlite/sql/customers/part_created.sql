-- All customers that meet the conditions of part_filter. The program tests the other conditions.
SELECT c.born
FROM customer c
WHERE c.survivor IS NULL
