//! Builds the crate again when the console was: what is embedded is not seen by Cargo otherwise.

fn main() {
    let built = std::path::Path::new("web/dist");
    // Without a console its folder cannot be watched: Cargo takes a path that is missing for a change.
    println!("cargo:rerun-if-changed={}", if built.exists() { "web/dist" } else { "web" });
    println!("cargo:rerun-if-changed=build.rs");
}
