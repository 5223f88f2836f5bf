fn main() -> std::process::ExitCode {
    shared::lambda::run::<functions::risk_control::GetUserRiskRank>()
}
