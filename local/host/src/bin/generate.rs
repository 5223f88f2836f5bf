//! `generate`: writes everything that follows from the registry.

use std::process::ExitCode;

fn main() -> ExitCode {
    match describe::derive(&functions::REGISTRY).and_then(|derived| derived.write()) {
        Ok(changed) if changed.is_empty() => println!("Everything is up to date."),
        Ok(changed) => println!("{}", changed.join("\n")),
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
