fn main() -> std::process::ExitCode {
    shared::lambda::run::<functions::h5::template_message::SendMessage>()
}
