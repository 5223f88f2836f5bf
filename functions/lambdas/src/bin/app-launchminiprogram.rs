fn main() -> std::process::ExitCode {
    shared::lambda::run::<functions::app::LaunchMiniProgram>()
}
