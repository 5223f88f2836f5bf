fn main() -> std::process::ExitCode {
    shared::lambda::run::<functions::phonenumber::GetPhoneNumber>()
}
