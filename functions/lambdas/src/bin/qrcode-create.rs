fn main() -> std::process::ExitCode {
    shared::lambda::run::<functions::qrcode::Create>()
}
