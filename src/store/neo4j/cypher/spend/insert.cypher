// A customer's money, one node per currency, so that a list by net spend is a walk along an index.
UNWIND $rows AS row
MERGE (s:Spend {customer: row.customer, currency: row.currency})
SET s += row.set
