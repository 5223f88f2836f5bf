fn main() -> std::process::ExitCode {
    shared::lambda::run::<functions::shortlink::Generate>()
}
