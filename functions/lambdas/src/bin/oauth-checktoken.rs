fn main() -> std::process::ExitCode {
    shared::lambda::run::<functions::oauth::CheckToken>()
}
