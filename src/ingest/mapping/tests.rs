//! Mapping files: what they say and what is wrong in them.
