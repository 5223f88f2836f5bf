fn main() -> std::process::ExitCode {
    shared::lambda::run_job::<functions::refresh_credentials::RefreshCredentials>()
}
