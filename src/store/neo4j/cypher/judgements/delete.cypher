// Of customers that were merged away.
UNWIND $rows AS row
MATCH (j:Judgement {customer: row.customer})
USING INDEX SEEK j:Judgement(customer)
DELETE j
