fn main() -> std::process::ExitCode {
    shared::lambda::run::<functions::h5::templatemessage::Send>()
}
