//! Empties a Neo4j.

use neo4rs::{Error, Graph, query};

/// Deletes every node and edge, a few thousand nodes per transaction.
pub async fn wipe(graph: &Graph) -> Result<(), Error> {
    graph.run(query("MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 5000 ROWS")).await.map(drop)
}
