//! `keys`: what a deployment needs before it is deployed, and what is wrong with it afterwards.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod doctor;
mod prepare;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Prepares a deployment: the parameters for sam deploy, and the commands that store the secrets.
/// Afterwards the doctor says what is wrong with it.
#[derive(Parser)]
#[command(name = "keys", after_help = EXAMPLES)]
struct Flags {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Prints the parameter WechatApps, a command per secret that stores it, and which apps receive
    /// messages and payments.
    Apps(prepare::Apps),
    /// Makes a key that signs sessions: the key into the pipe, the parameter SessionPublicKeys
    /// onto the screen.
    Session(prepare::Session),
    /// Prints the parameter WechatPay of a merchant, and a command per key that stores it.
    Pay(prepare::Pay),
    /// Passes a merchant's key from standard input into a pipe, if it can be used.
    PayKey(prepare::PayKey),
    /// Reads a deployed stack and says what is wrong with it, a line each, with the cure. It
    /// changes nothing and prints no secret.
    Doctor(doctor::Flags),
}

const EXAMPLES: &str = "Examples:
  keys apps wx0123456789abcdef:mini_program wxfedcba9876543210:official_account
  keys apps wx0123456789abcdef:mini_program --push wx0123456789abcdef
  keys session | aws ssm put-parameter --name /wechat/session-key --type SecureString --value file:///dev/stdin
  keys pay 1900000001 --serial-no 5157F0… --apps wx0123456789abcdef --verify PUB_KEY_ID_…
  keys doctor --stack wechat --region ap-east-1";

fn main() -> ExitCode {
    let outcome = match Flags::parse().command {
        Command::Apps(apps) => prepare::apps(&apps),
        Command::Session(session) => prepare::session(&session),
        Command::Pay(pay) => prepare::pay(&pay),
        Command::PayKey(key) => prepare::pass_on(&key),
        Command::Doctor(flags) => return doctor::run(&flags),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(complaint) => {
            eprintln!("error: {complaint}");
            ExitCode::FAILURE
        }
    }
}
