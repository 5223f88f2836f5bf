fn main() -> std::process::ExitCode {
    shared::lambda::run::<functions::template_message::Subscribe>()
}
