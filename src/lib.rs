//! Throughline: a customer profile explorer on a graph.
