fn main() -> std::process::ExitCode {
    shared::lambda::run::<functions::order_shipping::GetOrderList>()
}
