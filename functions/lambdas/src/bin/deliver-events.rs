fn main() -> std::process::ExitCode {
    shared::lambda::run_job::<functions::deliver_events::DeliverEvents>()
}
