fn main() -> std::process::ExitCode {
    shared::lambda::run::<functions::pay::Refund>()
}
