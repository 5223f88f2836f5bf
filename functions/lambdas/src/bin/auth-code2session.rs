fn main() -> std::process::ExitCode {
    shared::lambda::run::<functions::auth::Code2Session>()
}
