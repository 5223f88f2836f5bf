fn main() -> std::process::ExitCode {
    shared::lambda::run::<functions::urlscheme::Generate>()
}
