fn main() -> std::process::ExitCode {
    shared::lambda::run::<functions::decrypt::GetPayload>()
}
