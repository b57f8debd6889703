// What is kept about customers. A customer that was merged away has no row.
UNWIND $customers AS id
MATCH (c:CustomerId {id: id})
USING INDEX SEEK c:CustomerId(id)
WHERE c:Customer
OPTIONAL MATCH (j:Judgement {customer: id})
USING INDEX SEEK j:Judgement(customer)
RETURN id AS customer, c.born AS born, coalesce(j.change, 0) AS change, j.touched_at AS touched_at, j.due_at AS due_at,
  j.touches AS touches, j.judged_at AS judged_at
