UNWIND $ids AS id
MATCH (i:Identifier {id: id})
USING INDEX SEEK i:Identifier(id)
MATCH (i)-[:WISHED|UNWISHED|LIKED|DISLIKED|ADDED|REMOVED]->(p:Product)
RETURN p.sku AS sku
