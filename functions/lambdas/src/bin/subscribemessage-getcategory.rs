fn main() -> std::process::ExitCode {
    shared::lambda::run::<functions::subscribe_message::GetCategory>()
}
