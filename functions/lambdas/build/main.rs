//! Builds all functions as one library; each binary then takes what it reaches of it.
//!
//! Optimizing all of them at link time takes little longer than optimizing one. After a change of
//! operations alone, theirs are optimized in a library of their own, and all others stay as they
//! are.

mod touched;
mod unwinding;

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    time::SystemTime,
};

use touched::Record;

/// Names a library that is built already: the tests have one.
const BUILT: &str = "ENTRIES_LIBRARY";

/// What decides about the crates of the workspace beside their sources.
const MANIFESTS: [&str; 6] = [
    "../../Cargo.lock",
    "../../Cargo.toml",
    "../../shared/Cargo.toml",
    "../../shared/model/Cargo.toml",
    "../Cargo.toml",
    "../entries/Cargo.toml",
];

/// The profile that optimizes at link time.
const RELEASE: &str = "release";

fn main() {
    println!("cargo::rerun-if-env-changed={BUILT}");
    println!("cargo::rustc-check-cfg=cfg(std_is_hidden)");
    if profile() == RELEASE {
        println!("cargo::rustc-cfg=std_is_hidden");
    }
    match env::var_os(BUILT) {
        Some(library) => {
            let library = PathBuf::from(library);
            println!("cargo::rerun-if-changed={}", library.display());
            link(&library);
        }
        None => build(),
    }
    // As Rust's standard library, which is in it.
    if variable("CARGO_CFG_TARGET_OS") == "linux" {
        println!("cargo::rustc-link-lib=dylib=gcc_s");
    }
    println!("cargo::rustc-link-lib=dylib=m");
    println!("cargo::rustc-link-lib=dylib=c");
}

/// Has the binaries linked with a library; what several have comes from that which is linked first.
fn link(library: &Path) {
    let directory = library.parent().expect("it is a file");
    let name = library.file_stem().and_then(|name| name.to_str()).expect("it has a name");
    println!("cargo::rustc-link-search=native={}", directory.display());
    println!("cargo::rustc-link-lib=static:-bundle={}", name.trim_start_matches("lib"));
}

/// Builds what has changed of the library, for the target of the binaries.
fn build() {
    let out = PathBuf::from(variable("OUT_DIR"));
    let [all, touched, record] =
        ["libentries.a", "libtouched.a", "record"].map(|name| out.join(name));
    let settings = settings();
    // Only what was optimized at link time keeps to itself what two libraries have.
    let built = fs::read_to_string(&record).ok().filter(|_| profile() == RELEASE);
    let built = built.and_then(|text| Record::parse(&text));
    match built.and_then(|built| Some((built.touched(&settings)?, built))) {
        Some((functions, built)) => {
            watch(built.sources());
            if !functions.is_empty() {
                compile(&out, &functions, &touched);
                link(&touched);
            }
        }
        None => {
            // While there is no new one, there is none.
            let _ = fs::remove_file(&record);
            let started = SystemTime::now();
            let sources = compile(&out, &BTreeSet::new(), &all);
            let built = Record::of(&settings, &sources);
            // What was saved meanwhile may be in the library, or not.
            if let Some(built) = built.filter(|_| sources.iter().all(|it| is_older(it, started))) {
                fs::write(&record, built.to_string()).expect("cargo has made the directory");
            }
        }
    }
    link(&all);
}

/// Compiles a library with these functions, or with all, and tells its sources.
fn compile(out: &Path, functions: &BTreeSet<String>, library: &Path) -> Vec<String> {
    let (target, profile) = (variable("TARGET"), profile());
    // Beside `build/lambdas-…/out`: cargo holds the directories that it builds the binaries in.
    let directory = out.ancestors().nth(3).expect("it is there").join("entries");
    let mut cargo = Command::new(variable("CARGO"));
    cargo.current_dir("../entries").args(["rustc", "--locked"]);
    cargo.args(["--target", &target, "--profile", profile, "--target-dir"]).arg(&directory);
    cargo.arg("--");
    if !functions.is_empty() {
        cargo.args(["--cfg", "touched"]);
    }
    for function in functions {
        cargo.arg("--cfg").arg(format!("touched={function:?}"));
    }
    let status = cargo.status().expect("cargo starts");
    assert!(status.success(), "the functions do not build");
    let profile = if profile == "dev" { "debug" } else { profile };
    let compiled = directory.join(target).join(profile).join("libentries.a");
    let mut archive = fs::read(&compiled).expect("it was just built");
    if variable("CARGO_CFG_TARGET_OS") == "linux" {
        unwinding::tie_to_code(&mut archive);
    }
    fs::write(library, archive).expect("cargo has made the directory");
    let rule = fs::read_to_string(compiled.with_extension("d")).expect("cargo has written it");
    let mut sources = touched::prerequisites(&rule);
    sources.extend(MANIFESTS.map(str::to_owned));
    watch(sources.iter().map(String::as_str));
    sources
}

fn is_older(source: &str, than: SystemTime) -> bool {
    fs::metadata(source).and_then(|source| source.modified()).is_ok_and(|saved| saved < than)
}

/// Has cargo run this again after any of these has changed.
fn watch<'a>(sources: impl Iterator<Item = &'a str>) {
    sources.for_each(|source| println!("cargo::rerun-if-changed={source}"));
}

/// What a library depends on beside its sources.
fn settings() -> String {
    let rustc = Command::new(variable("RUSTC")).arg("-vV").output().expect("rustc starts");
    let told = |(name, _): &(String, String)| {
        name.starts_with("CARGO_PROFILE_") || name.ends_with("RUSTFLAGS")
    };
    let mut told: Vec<_> = env::vars().filter(told).collect();
    told.sort();
    format!("{told:?} {}", String::from_utf8_lossy(&rustc.stdout))
}

/// The profile of the library, in the words of `--profile`.
fn profile() -> &'static str {
    if variable("PROFILE") == RELEASE { RELEASE } else { "dev" }
}

fn variable(name: &str) -> String {
    env::var(name).expect("cargo sets it")
}
