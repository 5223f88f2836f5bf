//! Builds all functions as one library; each binary then takes what it reaches of it.
//!
//! Optimizing all of them at link time takes little longer than optimizing one.

mod unwinding;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Names a library that is built already: the tests have one.
const BUILT: &str = "ENTRIES_LIBRARY";

/// Names another profile of the workspace for the library than `release`: a build for
/// `development` takes seconds after a change.
const PROFILE: &str = "ENTRIES_PROFILE";

/// The profile that optimizes at link time.
const RELEASE: &str = "release";

fn main() {
    println!("cargo::rerun-if-env-changed={BUILT}");
    println!("cargo::rerun-if-env-changed={PROFILE}");
    println!("cargo::rustc-check-cfg=cfg(std_is_hidden)");
    if profile() == RELEASE {
        println!("cargo::rustc-cfg=std_is_hidden");
    }
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
    let (target, profile) = (variable("TARGET"), profile());
    // Beside `build/lambdas-…/out`: cargo holds the directories that it builds the binaries in.
    let out = PathBuf::from(variable("OUT_DIR"));
    let directory = out.ancestors().nth(3).expect("it is there").join("entries");
    let mut cargo = Command::new(variable("CARGO"));
    cargo.current_dir("../entries").args(["build", "--locked"]);
    cargo.args(["--target", &target, "--profile", &profile, "--target-dir"]).arg(&directory);
    let status = cargo.status().expect("cargo starts");
    assert!(status.success(), "the functions do not build");
    let profile = if profile == "dev" { "debug" } else { &profile };
    let library = directory.join(target).join(profile).join("libentries.a");
    watch(&library);
    if variable("CARGO_CFG_TARGET_OS") != "linux" {
        return library;
    }
    let mut archive = fs::read(&library).expect("it was just built");
    unwinding::tie_to_code(&mut archive);
    let library = out.join("libentries.a");
    fs::write(&library, archive).expect("cargo has made the directory");
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

/// The profile of the library.
fn profile() -> String {
    let usual = || if variable("PROFILE") == RELEASE { RELEASE } else { "dev" }.to_owned();
    env::var(PROFILE).unwrap_or_else(|_| usual())
}

fn variable(name: &str) -> String {
    env::var(name).expect("cargo sets it")
}
