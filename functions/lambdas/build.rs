//! Builds all functions as one library; each binary then takes what it reaches of it.
//!
//! Optimizing all of them at link time takes little longer than optimizing one.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Names a library that is built already: the tests have one.
const BUILT: &str = "ENTRIES_LIBRARY";

fn main() {
    println!("cargo::rerun-if-env-changed={BUILT}");
    let library = match env::var_os(BUILT) {
        Some(library) => {
            let library = PathBuf::from(library);
            println!("cargo::rerun-if-changed={}", library.display());
            library
        }
        None => build(),
    };
    let directory = library.parent().expect("it is a file");
    println!("cargo::rustc-link-search=native={}", directory.display());
    println!("cargo::rustc-link-lib=static:-bundle=entries");
    // As Rust's standard library, which is in it.
    if variable("CARGO_CFG_TARGET_OS") == "linux" {
        println!("cargo::rustc-link-lib=dylib=gcc_s");
    }
    println!("cargo::rustc-link-lib=dylib=m");
    println!("cargo::rustc-link-lib=dylib=c");
}

/// Builds the library for the target of the binaries, and says where it is.
fn build() -> PathBuf {
    let (target, profile) = (variable("TARGET"), variable("PROFILE"));
    // Beside `build/lambdas-…/out`: cargo holds the directories that it builds the binaries in.
    let out = PathBuf::from(variable("OUT_DIR"));
    let directory = out.ancestors().nth(3).expect("it is there").join("entries");
    let mut cargo = Command::new(variable("CARGO"));
    cargo.current_dir("../entries").args(["build", "--locked"]);
    cargo.args(["--target", &target, "--target-dir"]).arg(&directory);
    if profile == "release" {
        cargo.arg("--release");
    }
    let status = cargo.status().expect("cargo starts");
    assert!(status.success(), "the functions do not build");
    let library = directory.join(target).join(profile).join("libentries.a");
    watch(&library);
    library
}

/// Has cargo build again after what the library was built from has changed.
fn watch(library: &Path) {
    println!("cargo::rerun-if-changed=../../Cargo.lock");
    println!("cargo::rerun-if-changed=../../Cargo.toml");
    // `library: source source …`
    let sources = fs::read_to_string(library.with_extension("d")).unwrap_or_default();
    let sources = sources.split_once(": ").map_or("", |(_, sources)| sources);
    for source in sources.split_whitespace() {
        println!("cargo::rerun-if-changed={source}");
    }
}

fn variable(name: &str) -> String {
    env::var(name).expect("cargo sets it")
}
