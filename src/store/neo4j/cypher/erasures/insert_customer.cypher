UNWIND $ids AS id
CREATE (:ErasedCustomer {id: id, change: $seq})
