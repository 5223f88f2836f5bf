//! Builds what is measured, and measures what building costs.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant, SystemTime},
};

/// Builds the functions from their own directory, so that no feature leaks into them.
pub(crate) fn functions(root: &Path, names: &[String]) {
    let target = target(root);
    let functions = names.iter().flat_map(|name| ["--bin", name.as_str()]);
    cargo(&root.join("functions/lambdas"), functions, &target);
    cargo(&root.join("shared"), ["--example", "noop", "--example", "floor"], &target);
}

/// Copies a binary to where it is measured, as Lambda has it.
///
/// A file that was written in one go is mapped in larger pieces than one that a linker wrote:
/// up to a tenth of a cold start, and not what a deployment sees.
pub(crate) fn deploy(binary: &Path, directory: &Path) -> PathBuf {
    let bootstrap = directory.join("bootstrap");
    std::fs::create_dir_all(directory)
        .and_then(|()| std::fs::copy(binary, &bootstrap))
        .expect("the target directory is writable");
    bootstrap
}

/// Where cargo builds.
pub(crate) fn target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from)
}

/// Seconds of release builds, in a target directory of their own that is thrown away.
pub(crate) fn cost(root: &Path) -> [(&'static str, Duration); 3] {
    let directory = target(root).join("build-cost");
    // It is there if an earlier measurement was interrupted.
    let _ = std::fs::remove_dir_all(&directory);
    let build = |arguments: &[&str]| {
        let started = Instant::now();
        cargo(&root.join("functions/lambdas"), arguments.iter().copied(), &directory);
        started.elapsed()
    };
    let all = build(&["--bins"]);
    touch(&root.join("functions/src/jssdk/config.rs"));
    let touched = build(&["--bin", "jssdk-config"]);
    touch(&root.join("shared/src/lib.rs"));
    let shared = build(&["--bin", "jssdk-config"]);
    let _ = std::fs::remove_dir_all(&directory);
    [
        ("all functions, from nothing", all),
        ("one function, after touching its operation", touched),
        ("one function, after touching shared", shared),
    ]
}

fn touch(file: &Path) {
    let now = SystemTime::now();
    File::options()
        .append(true)
        .open(file)
        .and_then(|file| file.set_modified(now))
        .expect("the sources are writable");
}

fn cargo<'a>(directory: &Path, arguments: impl IntoIterator<Item = &'a str>, target: &Path) {
    let mut cargo = command();
    cargo.current_dir(directory).args(["build", "--release", "--quiet"]).args(arguments);
    cargo.arg("--target-dir").arg(target);
    assert!(cargo.status().is_ok_and(|status| status.success()), "{cargo:?} failed");
}

/// A cargo that compiles nothing anew only because a benchmark started it.
pub(crate) fn command() -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    // What cargo tells a benchmark, a build script would take for a change.
    let told = |name: &str| name.starts_with("CARGO_") && name != "CARGO_HOME";
    std::env::vars().filter(|(name, _)| told(name)).for_each(|(name, _)| {
        cargo.env_remove(name);
    });
    cargo
}
