fn main() -> std::process::ExitCode {
    shared::lambda::run::<functions::api::CallApi>()
}
