fn main() -> std::process::ExitCode {
    shared::lambda::run_job(
        functions::refresh_credentials::NAME,
        functions::refresh_credentials::run,
    )
}
