fn main() -> std::process::ExitCode {
    shared::lambda::run::<functions::uniform_message::SendMessage>()
}
