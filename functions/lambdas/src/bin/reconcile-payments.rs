fn main() -> std::process::ExitCode {
    shared::lambda::run_job::<functions::reconcile_payments::ReconcilePayments>()
}
