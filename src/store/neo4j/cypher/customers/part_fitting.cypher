// All customers that meet the conditions of part_filter. It reads every customer. The program tests the other
// conditions.
MATCH (c:Customer)
WHERE true
