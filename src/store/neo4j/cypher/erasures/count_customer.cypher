// Ids of erased customers.
UNWIND $ids AS id
MATCH (e:ErasedCustomer {id: id})
USING INDEX SEEK e:ErasedCustomer(id)
RETURN id
