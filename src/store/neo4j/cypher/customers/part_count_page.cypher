RETURN count(c) AS found
