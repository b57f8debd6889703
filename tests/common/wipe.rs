//! An empty Neo4j.

use neo4rs::{Error, Graph, query};

/// Takes every node and edge out, a few thousand nodes a transaction.
pub async fn wipe(graph: &Graph) -> Result<(), Error> {
    graph.run(query("MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 5000 ROWS")).await.map(drop)
}
