fn main() -> std::process::ExitCode {
    shared::lambda::run::<functions::pay::Notify>()
}
