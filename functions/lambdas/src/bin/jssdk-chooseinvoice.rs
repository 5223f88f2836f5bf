fn main() -> std::process::ExitCode {
    shared::lambda::run::<functions::jssdk::ChooseInvoice>()
}
