fn main() -> std::process::ExitCode {
    shared::lambda::run::<functions::events::Redeliver>()
}
