//! Every function in one library, which is optimized at link time as a whole.
//!
//! A binary of `functions/lambdas` enters it at the symbol that has the function's name; what
//! that entry does not reach, the linker leaves out.

use std::{ffi::c_int, process::ExitCode};

/// Defines where functions are entered: all, or those that the build script of `functions/lambdas`
/// asks for.
macro_rules! entries {
    ($($name:literal: $run:path;)+) => {$(
        #[cfg(any(not(touched), touched = $name))]
        const _: () = {
            #[unsafe(export_name = $name)]
            extern "C" fn enter() -> std::ffi::c_int {
                crate::start($run)
            }
        };
    )+};
}

mod entries;

/// The only thing that a function needs of the C library's mathematics, in a mode of the AWS SDK's
/// that is not used: with it here, that library is not loaded at each start.
#[unsafe(no_mangle)]
extern "C" fn pow(base: f64, exponent: f64) -> f64 {
    libm::pow(base, exponent)
}

/// Runs a function as a Rust program's `main` would be run.
fn start(run: fn() -> ExitCode) -> c_int {
    // SAFETY: No other thread has been started, and ignoring a signal installs no handler.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
    c_int::from(run() != ExitCode::SUCCESS)
}
