//! What the binary of a function is: a `main` that enters the library of all functions.

#![no_std]

// Unoptimized, the library shows the copy of `std` that is in it, and there must be no other
// handler of panics; optimized, it keeps that to itself, and Rust asks for one.
#[cfg(debug_assertions)]
extern crate std;

/// The `main` of the function with this name.
#[macro_export]
macro_rules! function {
    ($name:literal) => {
        unsafe extern "C" {
            #[link_name = $name]
            safe fn enter() -> core::ffi::c_int;
        }

        #[unsafe(no_mangle)]
        extern "C" fn main() -> core::ffi::c_int {
            enter()
        }
    };
}

/// Never called: nothing here panics.
#[cfg(not(debug_assertions))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
