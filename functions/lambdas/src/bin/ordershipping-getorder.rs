fn main() -> std::process::ExitCode {
    shared::lambda::run::<functions::order_shipping::GetOrder>()
}
