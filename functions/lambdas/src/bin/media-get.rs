fn main() -> std::process::ExitCode {
    shared::lambda::run::<functions::media::Get>()
}
