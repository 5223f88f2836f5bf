//! The `main` of every function.

use shared::registry::Registry;

/// Where they are.
pub(crate) const DIRECTORY: &str = "functions/lambdas/src/bin";

/// The files by path.
pub(crate) fn files(registry: &Registry) -> Vec<(String, String)> {
    let operations = registry.entries().map(|entry| {
        let run = format!("shared::lambda::run::<functions::{}>()", entry.path);
        (entry.endpoint.binary(), run)
    });
    let jobs = registry.jobs.iter().map(|job| {
        let run = format!("shared::lambda::run_job::<functions::{}>()", job.path);
        (job.endpoint.name.to_owned(), run)
    });
    let main = |(name, run)| {
        let text = format!("fn main() -> std::process::ExitCode {{\n    {run}\n}}\n");
        (format!("{DIRECTORY}/{name}.rs"), text)
    };
    operations.chain(jobs).map(main).collect()
}
