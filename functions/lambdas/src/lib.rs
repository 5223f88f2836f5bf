//! What the binary of a function is: a `main` that enters the library of all functions.

#![no_std]

// Optimized at link time, the library keeps the copy of `std` that is in it to itself, and Rust
// asks for a handler of panics; else it shows that copy, and there must be no other handler.
#[cfg(not(std_is_hidden))]
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
#[cfg(std_is_hidden)]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
