fn main() -> std::process::ExitCode {
    shared::lambda::run::<functions::push::Receive>()
}
