//! Rebuilds the crate when the console was rebuilt: Cargo does not see embedded files by itself.

fn main() {
    let built = std::path::Path::new("web/dist");
    // Without a console its folder cannot be watched: to Cargo a missing path is a change.
    println!("cargo:rerun-if-changed={}", if built.exists() { "web/dist" } else { "web" });
    println!("cargo:rerun-if-changed=build.rs");
}
