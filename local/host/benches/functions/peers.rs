//! What the functions are compared with: the job of `jssdk-config`, done the usual way.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::build;

/// A program that answers the event of `jssdk-config`.
pub(crate) struct Peer {
    /// Its name in the report.
    pub(crate) name: &'static str,
    /// The binary or the interpreter.
    pub(crate) program: PathBuf,
    /// What the interpreter runs.
    pub(crate) arguments: &'static [&'static str],
    /// The file or the directory that a deployment would hold.
    pub(crate) deployed: PathBuf,
}

/// The same crates as ours with all their default features.
pub(crate) fn default_stack(target: &Path) -> Peer {
    let target = target.join("default-stack");
    let manifest = source("default-stack").join("Cargo.toml");
    let mut cargo = build::command();
    cargo.args(["build", "--release", "--quiet", "--locked", "--manifest-path"]);
    let built = run(cargo.arg(manifest).arg("--target-dir").arg(&target));
    assert_eq!(built, Ok(()), "the default stack does not build");
    let program = build::deploy(&target.join("release/default-stack"), &target.join("deployed"));
    Peer { name: "default-stack", deployed: program.clone(), program, arguments: &[] }
}

/// Node and Python, as far as this machine has them.
pub(crate) fn installed(target: &Path) -> Vec<Peer> {
    let peers = target.join("peers");
    let peers = [("node", node(&peers.join("node"))), ("python", python(&peers.join("python")))];
    let found = |(name, peer): (&str, Result<Peer, String>)| {
        peer.inspect_err(|reason| eprintln!("{name} is skipped: {reason}")).ok()
    };
    peers.into_iter().filter_map(found).collect()
}

fn node(deployed: &Path) -> Result<Peer, String> {
    let program = interpreter("node", &["--print", "process.execPath"])?;
    copy("node", &["index.mjs", "package.json", "package-lock.json"], deployed)?;
    let mut npm = Command::new("npm");
    run(npm.args(["ci", "--silent", "--omit=dev"]).current_dir(deployed))?;
    Ok(Peer { name: "node", program, arguments: &["index.mjs"], deployed: deployed.to_owned() })
}

fn python(deployed: &Path) -> Result<Peer, String> {
    let program = interpreter("python3", &["-c", "import sys; print(sys.executable)"])?;
    copy("python", &["main.py", "requirements.txt"], deployed)?;
    let mut pip = Command::new(&program);
    // Into the directory itself, as packages lie in a zip for Lambda.
    pip.args(["-m", "pip", "install", "--quiet", "--requirement", "requirements.txt"]);
    run(pip.args(["--disable-pip-version-check", "--target", "."]).current_dir(deployed))?;
    let arguments = &["-m", "awslambdaric", "main.handler"];
    Ok(Peer { name: "python", program, arguments, deployed: deployed.to_owned() })
}

/// Where the interpreter itself is: what the path leads to may be a wrapper with its own memory.
fn interpreter(name: &str, question: &[&str]) -> Result<PathBuf, String> {
    let output = Command::new(name).args(question).output();
    let output = output.map_err(|error| format!("{name}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{name}: {}", output.status));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().into())
}

/// A fresh directory with these files of a peer.
fn copy(name: &str, files: &[&str], to: &Path) -> Result<(), String> {
    let copied = || {
        if to.exists() {
            fs::remove_dir_all(to)?;
        }
        fs::create_dir_all(to)?;
        files.iter().try_for_each(|file| fs::copy(source(name).join(file), to.join(file)).map(drop))
    };
    copied().map_err(|error| format!("{}: {error}", to.display()))
}

fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/functions/peers").join(name)
}

fn run(command: &mut Command) -> Result<(), String> {
    let program = command.get_program().display().to_string();
    let status = command.status().map_err(|error| format!("{program}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{program}: {status}")) }
}
