fn main() -> std::process::ExitCode {
    shared::lambda::run::<functions::customer_service_message::UploadTempMedia>()
}
